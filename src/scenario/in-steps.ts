import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Access } from '../kernel/index.js'
import type { Reply } from '../protocol/index.js'
import { type Assembled, completed, type Stepping, type Subject } from '../subject/index.js'
import type { TracedRequest } from '../trace/index.js'

type Execute = Assembled['execute']

/** A command that takes steps: what was asked, and when. */
interface Asked {
  readonly request: TracedRequest
  readonly sinceMs: number
}

/** What has commands carried out in steps: the kernel, or whoever stands in for it. */
export interface StepWorld<C extends Asked> {
  /** The command that was begun or carried on last. */
  readonly running: C
  /** Whether any has taken steps so far. */
  readonly isStepping: boolean
  step<T>(access: Access<T>, of: C): Promise<T>
  decide(of: C, reply: Reply): void
}

/** How the commands of one run are carried out in steps. */
export interface InSteps {
  readonly stepping: Stepping
  /** What carries out a command so that its steps are known to be its own. */
  attributed(execute: Execute): Execute
}

/** Lets code that answers later go on as far as it can: promises, however many in a row, come before the next turn of the host. */
export const turn = (): Promise<void> => afterMicrotasks()

/** Whose step it is. Used from the first step of a run on: as long as it is on, every promise of the process costs more. */
const carriedOut = new AsyncLocalStorage<Asked>()

/** @param world once it has been made */
export function inSteps<C extends Asked>({ name, watch }: Subject, world: () => StepWorld<C>): InSteps {
  // A run has a context of its own: what is kept there is of this world.
  const current = () => (carriedOut.getStore() as C | undefined) ?? world().running
  return {
    stepping: {
      step(access) {
        const of = current()
        return world().step((atMs) => {
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
        world().decide(of, reply)
      },
    },
    attributed: (execute) => (command, nowMs) =>
      world().isStepping ? carriedOut.run(world().running, execute, command, nowMs) : execute(command, nowMs),
  }
}
