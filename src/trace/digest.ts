import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import { NOBODY, type TraceEvent } from './event.js'

/** Integers per event, at the most. */
const WIDTH = 17
/** 64 KiB: larger chunks hash no faster, smaller ones cost more calls. */
const CHUNK = 65536 / 4

/** What an event's first word says besides what happened: how the others are laid out. */
const REPEATED = 1 << 13
/** Packed, with all that an event may tell; without what it does not use; or unpacked, as too large to be packed. */
const WHOLE = 1 << 14
const BRIEF = 2 << 14
const WIDE = 3 << 14

/**
 * SHA-256 over the whole trace: every field of every event, little-endian, in order. Hashing is the dearest part of a trace,
 * so small numbers share a word, and what an event does not use is left out. The first word tells which, so that no two
 * events look alike.
 */
export class TraceDigest {
  readonly #hash = createHash('sha256')
  readonly #chunk = new Int32Array(CHUNK)
  readonly #bytes = Buffer.from(this.#chunk.buffer)
  #used = 0

  /** @param code the event's kind and command, as one number of 13 bits */
  add(event: TraceEvent, code: number): void {
    const chunk = this.#chunk
    const { atMs, task, attempt, node, space, epoch, seq, untilMs, peer, token, content } = event
    const first = event.repeated ? code | REPEATED : code
    let at = this.#used
    chunk[at + 1] = atMs
    chunk[at + 2] = event.request
    const areWords = (epoch | 0) === epoch && (seq | 0) === seq && (untilMs | 0) === untilMs
    if (areWords && (atMs | 0) === atMs && task < 0x100 && attempt < 0x100 && node < 0xffff && space < 0xffff) {
      const packed = first | (task << 16) | (attempt << 24)
      chunk[at + 3] = (node & 0xffff) | (space << 16)
      if ((epoch | seq | untilMs | token | content) === 0 && peer === NOBODY) {
        chunk[at] = packed | BRIEF
        this.#advance(at + 4)
        return
      }
      chunk[at] = packed | WHOLE
      at += 4
    } else {
      chunk[at] = first | WIDE
      chunk[at + 3] = task
      chunk[at + 4] = attempt
      chunk[at + 5] = node
      chunk[at + 6] = space
      chunk[at + 7] = highWord(epoch)
      chunk[at + 8] = highWord(seq)
      chunk[at + 9] = highWord(untilMs)
      chunk[at + 10] = highWord(atMs)
      at += 11
    }
    chunk[at] = epoch
    chunk[at + 1] = seq
    chunk[at + 2] = untilMs
    chunk[at + 3] = peer
    chunk[at + 4] = token
    chunk[at + 5] = content
    this.#advance(at + 6)
  }

  /** The digest in hexadecimal. Nothing may be added after. */
  end(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #advance(used: number): void {
    this.#used = used
    if (used > CHUNK - WIDTH) this.#flush()
  }

  #flush(): void {
    const bytes = this.#bytes.subarray(0, this.#used * 4)
    this.#hash.update(endianness() === 'BE' ? Buffer.from(bytes).swap32() : bytes)
    this.#used = 0
  }
}

/** What of a whole number does not fit into 32 bits. */
const highWord = (value: number): number => Math.floor(value / 0x1_0000_0000)
