import { runGit } from './process.js'
import type { Repository } from './repository.js'

export interface Packing {
  /** There is one commit more. */
  swapped(): void
  /** Settles when git is not asked any more. What it does in the background goes on, as after its own commands. */
  settled(): Promise<void>
}

/** Often enough that loose objects never are very many; so seldom that it takes no part of the time worth mentioning. */
const ASK_EVERY = 1_000

/**
 * Asks git now and then to pack what is loose, if there is enough of it: `git gc --auto`, which git's own commands run after
 * they have written, and which the repository's `gc.auto` governs. Nothing depends on it: a failure is no one's concern here.
 */
export function packing({ place, synced }: Repository): Packing {
  let swaps = 0
  let asked: Promise<unknown> | undefined
  return {
    swapped() {
      swaps += 1
      // What goes when a run or a process ends is not worth it.
      if (!synced || swaps % ASK_EVERY !== 0) return
      // Packs that take the place of objects which are on the disk have to be there too.
      const gc = ['-c', 'core.fsync=all', '-c', 'gc.pruneExpire=2.weeks.ago', 'gc', '--auto', '--quiet']
      asked ??= runGit(place, gc, 'objects cannot be packed')
        .catch(() => undefined)
        .finally(() => {
          asked = undefined
        })
    },
    settled: async () => void (await asked),
  }
}
