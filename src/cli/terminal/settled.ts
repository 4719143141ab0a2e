import { setImmediate, setTimeout } from 'node:timers/promises'

/**
 * Comes back when timers that are due have fired, and promises that were left have been rejected: what fails in them ends the
 * command here, before anything is printed or written. A timer cannot wait for less than 1 ms, and one of a scenario began
 * to wait before this one.
 */
export async function settled(): Promise<void> {
  await setTimeout(1)
  await setImmediate()
}
