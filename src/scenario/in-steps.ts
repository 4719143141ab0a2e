import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Kernel, Underway } from '../kernel/index.js'
import type { Reply } from '../protocol/index.js'
import { type Assembled, completed, type Stepping, type Subject } from '../subject/index.js'
import type { TracedRequest } from '../trace/index.js'

type World = Kernel<TracedRequest, Reply>
type Execute = Assembled['execute']

/** How the commands of one run are carried out in steps. */
export interface InSteps {
  readonly stepping: Stepping
  /** What carries out a command so that its steps are known to be its own. */
  attributed(execute: Execute): Execute
}

/** Lets code that answers later go on as far as it can: promises, however many in a row, come before the next turn of the host. */
export const turn = (): Promise<void> => afterMicrotasks()

/** Whose step it is. Used from the first step of a run on: as long as it is on, every promise of the process costs more. */
const carriedOut = new AsyncLocalStorage<Underway<TracedRequest, Reply>>()

/** @param kernel the world, once it has been made */
export function inSteps({ name, watch }: Subject, kernel: () => World): InSteps {
  const current = () => carriedOut.getStore() ?? kernel().running
  return {
    stepping: {
      step(access) {
        const of = current()
        return kernel().step((atMs) => {
          // The watch was told of another command since.
          watch?.entered(of.request.kind, atMs)
          return access(atMs)
        }, of)
      },
      decide(answer, note) {
        const of = current()
        const { request, sinceMs } = of
        const reply = completed(name, request.command, answer, sinceMs)
        note(request.command, reply, sinceMs)
        kernel().decide(of, reply)
      },
    },
    attributed: (execute) => (command, nowMs) =>
      kernel().isStepping ? carriedOut.run(kernel().running, execute, command, nowMs) : execute(command, nowMs),
  }
}
