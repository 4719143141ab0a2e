import { setTimeout as sleep } from 'node:timers/promises'
import { StoreError } from '../stores/index.js'

/** How long a store is asked again that does not answer. A server takes a second or two to start again. */
const UNANSWERED_FOR_MS = 30_000
const ASK_AGAIN_AFTER_MS = 50

/** What `ask` answers, asked again and again while the store cannot be used, and as long as `goesOn` says so. */
export async function patiently<T>(
  ask: () => T | Promise<T>,
  onUnanswered?: () => void,
  goesOn: () => boolean = () => true,
): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StoreError) || error.problem.lost) throw error
      if (performance.now() - startedMs > UNANSWERED_FOR_MS || !goesOn()) throw error
      onUnanswered?.()
      await sleep(ASK_AGAIN_AFTER_MS)
    }
  }
}
