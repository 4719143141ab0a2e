import { join } from 'node:path'
import { storeClosed } from '../store-error.js'
import { gitError, gitMissing } from './problem.js'
import { type Conversation, converse, type LastWords } from './process.js'
import { hexLength, type Repository } from './repository.js'
import { syncFolders } from './sync.js'

export interface Refs {
  /** Moves `ref` from one object to another; from none if `before` is undefined. False if it is not at `before`. */
  move(ref: string, before: string | undefined, after: string): Promise<boolean>
  close(): Promise<void>
}

/** What update-ref says when the ref is elsewhere, there already, or no more. Then nothing has happened. */
export const ELSEWHERE = /but expected|reference already exists|unable to resolve reference '[^']*'$/

const DONE = 'commit: ok\n'

/**
 * The one way that refs are moved: a `git update-ref --stdin` that stays, one transaction after another. It dies of one
 * that fails, saying why, and the next gets a new one. Two git commands a swap would be twenty times as slow: 91 a second.
 */
export function openRefs({ place, folder, hash, synced }: Repository): Refs {
  const none = '0'.repeat(hexLength(hash))
  let talk: Conversation | undefined
  let answer: (words: LastWords | true) => void = () => undefined
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false

  const start = (): Conversation => {
    let heard = ''
    return converse(
      place,
      ['update-ref', '--stdin'],
      (chunk) => {
        heard += chunk.toString('latin1')
        if (!heard.endsWith(DONE)) return
        heard = ''
        talk?.rest()
        answer(true)
      },
      (words) => answer(words),
    )
  }

  const syncRef = (ref: string) => {
    try {
      const names = ref.split('/').slice(0, -1)
      syncFolders(...names.map((_, at) => join(folder, ...names.slice(0, at + 1))))
    } catch (error) {
      throw gitError(place.name, `the ref ${ref} cannot be synced`, (error as Error).message, { cause: error })
    }
  }

  const moveNow = async (ref: string, before: string | undefined, after: string): Promise<boolean> => {
    if (closed) throw storeClosed(`git ${place.name}`)
    const words = await new Promise<LastWords | true>((resolve) => {
      answer = resolve
      if (talk === undefined || talk.over) talk = start()
      talk.say(`start\noption no-deref\nupdate ${ref} ${after} ${before ?? none}\nprepare\ncommit\n`)
    })
    if (words === true) {
      // Git syncs what a ref says, but not that it is there.
      if (synced) syncRef(ref)
      return true
    }
    if (words === undefined) throw gitMissing(place.name)
    if (ELSEWHERE.test(words)) return false
    throw gitError(place.name, `the ref ${ref} cannot be moved`, words)
  }

  return {
    move(ref, before, after) {
      const moved = turn.then(() => moveNow(ref, before, after))
      turn = moved.catch(() => undefined)
      return moved
    },
    async close() {
      await turn
      closed = true
      await talk?.end()
    },
  }
}
