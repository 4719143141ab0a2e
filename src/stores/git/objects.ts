import { storeClosed } from '../store-error.js'
import { looseObjects, type ObjectType } from './loose.js'
import { damaged, gitError, gitMissing } from './problem.js'
import { type Conversation, converse } from './process.js'
import type { Repository } from './repository.js'

export interface GitObject {
  readonly name: string
  readonly type: string
  readonly content: Buffer
}

export interface Objects {
  /** The object that `ref` leads to at this moment; undefined if there is no such ref, or not what it leads to. */
  at(ref: string): Promise<GitObject | undefined>
  /** @throws StoreError when it is not there: whoever has its name has it from an object that leads to it */
  read(name: string, type: ObjectType): Promise<Buffer>
  write(type: ObjectType, content: Buffer): string
  close(): Promise<void>
}

/** So that the trees on the way to a page of events, and a page that was cut short, need not be read again. */
const MOST_REMEMBERED_BYTES = 8 * 1_024 * 1_024
/** What is larger than this would drive out too much else. */
const LARGEST_REMEMBERED_BYTES = MOST_REMEMBERED_BYTES / 16
/** What keeping any object costs, about: many are smaller than that. */
const OVERHEAD_BYTES = 200

/** The objects of a repository: read by a `git cat-file --batch` that stays, written by ourselves. */
export function openObjects(repository: Repository): Objects {
  const { place } = repository
  const write = looseObjects(repository)
  const remembered = remembering()
  const waiting: { resolve(found: GitObject | undefined): void; reject(error: Error): void }[] = []
  let talk: Conversation | undefined
  let closed = false

  const start = (): Conversation =>
    converse(
      place,
      ['cat-file', '--batch'],
      parseAnswers((found) => {
        waiting.shift()?.resolve(found)
        if (waiting.length === 0) talk?.rest()
      }),
      (words) => {
        const error = words === undefined ? gitMissing(place.name) : gitError(place.name, 'git cannot read', words)
        for (const { reject } of waiting.splice(0)) reject(error)
      },
    )

  const ask = (what: string): Promise<GitObject | undefined> =>
    new Promise((resolve, reject) => {
      if (closed) throw storeClosed(`git ${place.name}`)
      waiting.push({ resolve, reject })
      if (talk === undefined || talk.over) talk = start()
      talk.say(`${what}\n`)
    })

  return {
    at: ask,
    async read(name, type) {
      const known = remembered.get(name)
      if (known !== undefined) return known
      const found = await ask(name)
      if (found === undefined) throw damaged(place.name, `the ${type} ${name} is lost`, 'no such object')
      if (found.type !== type) throw damaged(place.name, `${name} is no ${type}`, `a ${found.type}`)
      remembered.add(name, found.content)
      return found.content
    },
    write(type, content) {
      const name = write(type, content)
      // A commit is not read again by who wrote it.
      if (type !== 'commit') remembered.add(name, content)
      return name
    },
    async close() {
      closed = true
      await talk?.end()
    },
  }
}

/** Objects never change, so that what is remembered of them stays right. Forgets what was not asked for longest. */
function remembering() {
  const contents = new Map<string, Buffer>()
  let bytes = 0
  const weight = (content: Buffer) => content.length + OVERHEAD_BYTES
  return {
    get(name: string): Buffer | undefined {
      const content = contents.get(name)
      if (content === undefined) return undefined
      contents.delete(name)
      contents.set(name, content)
      return content
    },
    add(name: string, content: Buffer): void {
      if (content.length > LARGEST_REMEMBERED_BYTES || contents.has(name)) return
      contents.set(name, content)
      bytes += weight(content)
      for (const [oldest, its] of contents) {
        if (bytes <= MOST_REMEMBERED_BYTES) return
        contents.delete(oldest)
        bytes -= weight(its)
      }
    },
  }
}

/**
 * Takes what `cat-file --batch` prints, in whatever pieces it comes: `<name> <type> <size>`, a line break, the content, a
 * line break; or one line that ends in neither type nor size, if there is no such object.
 */
export function parseAnswers(answer: (found: GitObject | undefined) => void): (chunk: Buffer) => void {
  const pieces: Buffer[] = []
  let length = 0
  // Pieces are put together only when there is enough of them: large objects come in very many.
  let needed = 1
  const next = (bytes: Buffer): number => {
    const lineEnd = bytes.indexOf(10)
    if (lineEnd === -1) {
      needed = bytes.length + 1
      return 0
    }
    const [, name, type, size] = /^([0-9a-f]+) (\w+) (\d+)$/.exec(bytes.toString('latin1', 0, lineEnd)) ?? []
    if (name === undefined || type === undefined) {
      answer(undefined)
      return lineEnd + 1
    }
    const end = lineEnd + 1 + Number(size)
    needed = end + 1
    if (bytes.length < needed) return 0
    answer({ name, type, content: bytes.subarray(lineEnd + 1, end) })
    return end + 1
  }
  return (chunk) => {
    pieces.push(chunk)
    length += chunk.length
    if (length < needed) return
    let bytes = Buffer.concat(pieces.splice(0), length)
    for (;;) {
      needed = 1
      const taken = bytes.length === 0 ? 0 : next(bytes)
      if (taken === 0) break
      bytes = bytes.subarray(taken)
    }
    pieces.push(bytes)
    length = bytes.length
  }
}
