import { execFileSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { deflateSync } from 'node:zlib'
import type { ObjectType } from '../../src/stores/git/loose.js'
import type { Objects } from '../../src/stores/git/objects.js'
import { type Tip, writeSwap } from '../../src/stores/git/tip.js'
import type { Store } from '../../src/stores/index.js'

/** As `git gc` leaves a log behind: the very objects that the store writes, in one pack, with nothing loose. */
export interface PackedLog {
  /** One space, of which nothing is read but by who writes it. */
  readonly store: Store
  /** Puts the pack into the repository, and the ref on its last commit. */
  finish(ref: string): Promise<void>
}

const TYPES = { commit: 1, tree: 2, blob: 3 } as const
/** More than the trees and files that the next events go into. */
const MOST_KEPT = 1_000
const FLUSH_BYTES = 1 << 20

/** A log of a million events takes a quarter of an hour in loose objects, and two minutes so. */
export function packedLog(repository: string): PackedLog {
  const path = join(repository, 'objects', 'pack', 'built.pack')
  const file = openSync(path, 'w')
  const kept = new Map<string, Buffer>()
  const written = new Set<string>()
  let pieces: Buffer[] = [headerOf(0)]
  let bytes = 0
  let count = 0
  let tip: Tip | undefined

  const flush = () => {
    writeSync(file, Buffer.concat(pieces))
    pieces = []
    bytes = 0
  }
  const put = (type: ObjectType, content: Buffer) => {
    const body = deflateSync(content, { level: 1 })
    pieces.push(entryHeader(TYPES[type], content.length), body)
    bytes += body.length
    count += 1
    if (bytes > FLUSH_BYTES) flush()
  }
  const objects: Objects = {
    at: async () => undefined,
    async read(name) {
      const content = kept.get(name)
      if (content === undefined) throw new Error(`${name} is not kept any more`)
      return content
    },
    write(type, content) {
      const name = createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex')
      if (type === 'commit') put(type, content)
      else {
        if (!written.has(name)) put(type, content)
        written.add(name)
        kept.delete(name)
        kept.set(name, content)
        for (const oldest of kept.size > MOST_KEPT ? [...kept.keys()].slice(0, MOST_KEPT / 2) : []) kept.delete(oldest)
      }
      return name
    },
    close: async () => undefined,
  }
  return {
    store: {
      load: async () => ({ version: 0, record: undefined, session: undefined }),
      async swap(_space, swap) {
        tip = await writeSwap(objects, tip, swap)
        return true
      },
      view: async () => ({ record: undefined, checkpoint: undefined, events: [] }),
    },
    async finish(ref) {
      flush()
      writeSync(file, headerOf(count), 0, 12, 0)
      const digest: Hash = createHash('sha1')
      await pipeline(createReadStream(path), digest)
      const end = openSync(path, 'a')
      writeSync(end, digest.digest())
      closeSync(end)
      closeSync(file)
      execFileSync('git', ['-C', repository, 'index-pack', path], { stdio: 'ignore' })
      execFileSync('git', ['-C', repository, 'update-ref', ref, tip?.commit ?? ''])
    },
  }
}

function headerOf(count: number): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
  header.writeUInt32BE(count, 8)
  return header
}

/** The type in three bits, and the size in four, and then in seven at a time. */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = []
  let byte = (type << 4) | (size & 15)
  for (let rest = size >>> 4; rest > 0; rest >>>= 7) {
    bytes.push(byte | 128)
    byte = rest & 127
  }
  return Buffer.from([...bytes, byte])
}
