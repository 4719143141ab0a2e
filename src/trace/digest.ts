import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import type { TraceEvent } from './event.js'

/** Integers per event, at the most. */
const WIDTH = 12
/** 64 KiB: larger chunks hash no faster, smaller ones cost more calls. */
const CHUNK = 65536 / 4

/**
 * SHA-256 over the whole trace: every field of every event, little-endian, in order.
 */
export class TraceDigest {
  readonly #hash = createHash('sha256')
  readonly #chunk = new Int32Array(CHUNK)
  readonly #bytes = Buffer.from(this.#chunk.buffer)
  #used = 0

  /** @param code the event's kind and command, as one number */
  add(event: TraceEvent, code: number): void {
    const chunk = this.#chunk
    const at = this.#used
    chunk[at] = code | (event.repeated ? 1 << 15 : 0) | (event.task << 16)
    chunk[at + 1] = event.atMs
    chunk[at + 2] = event.node
    chunk[at + 3] = event.space
    chunk[at + 4] = event.request
    chunk[at + 5] = event.epoch
    chunk[at + 6] = event.attempt
    chunk[at + 7] = event.seq
    chunk[at + 8] = event.untilMs
    chunk[at + 9] = event.peer
    chunk[at + 10] = event.token
    chunk[at + 11] = event.content
    this.#used = at + WIDTH
    if (this.#used > CHUNK - WIDTH) this.#flush()
  }

  /** The digest in hexadecimal. Nothing may be added after. */
  end(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    const bytes = this.#bytes.subarray(0, this.#used * 4)
    this.#hash.update(endianness() === 'BE' ? Buffer.from(bytes).swap32() : bytes)
    this.#used = 0
  }
}
