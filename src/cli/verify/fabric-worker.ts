import type { WorkerMessage, WorkerSpec } from '../../fabric/messages.js'
import { runWorker } from '../../fabric/worker.js'
import { codeOf, problemOf } from '../../stores/postgres/index.js'

/** One worker process of the fabric. It ends with its parent: nobody would judge what it does alone. */
const parent = process.ppid
/** By job: lets it go on; or, when it may before it asks, nothing. */
const allowed = new Map<string, (() => void) | undefined>()

const tell = (told: WorkerMessage): Promise<void> => new Promise((resolve) => process.send?.(told, () => resolve()))

async function proceed(job: string): Promise<void> {
  if (!allowed.has(job)) await new Promise<void>((resolve) => allowed.set(job, resolve))
  allowed.delete(job)
}

function allow(job: string): void {
  const goOn = allowed.get(job)
  allowed.set(job, undefined)
  goOn?.()
}

process.once('disconnect', () => process.exit(0))
process.on('message', (message: WorkerSpec | { readonly proceed: string }) => {
  if ('proceed' in message) return allow(message.proceed)
  runWorker(message, { tell, proceed, orphaned: () => process.ppid !== parent }).catch((error: unknown) =>
    tell({ kind: 'failed', code: codeOf(error), problem: problemOf(error, message.shown).problem }).then(() =>
      process.exit(1),
    ),
  )
})
