import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Access } from '../kernel/index.js'
import type { Reply } from '../protocol/index.js'
import { type Assembled, completed, type Stepping, type Subject } from '../subject/index.js'
import type { TracedRequest } from '../trace/index.js'

/** A command that takes steps: what was asked, and when. */
interface Asked {
  readonly request: TracedRequest
  readonly sinceMs: number
}

/** What has commands carried out in steps: the kernel, or whoever stands in for it. */
export interface StepWorld<C extends Asked> {
  step<T>(access: Access<T>, of: C): Promise<T>
  decide(of: C, reply: Reply): void
}

/** How the commands of one run are carried out in steps. */
export interface InSteps<C extends Asked> {
  readonly stepping: Stepping
  /** Has `execute` carry out a command, so that its steps are known to be its own. */
  carryOut(of: C, execute: Assembled['execute'], nowMs: number): Reply | Promise<Reply>
}

/** Lets code that answers later go on as far as it can: promises, however many in a row, come before the next turn of the host. */
export const turn = (): Promise<void> => afterMicrotasks()

interface Mark {
  readonly of: Asked
  /** It is one of its accesses that goes on. */
  readonly inAccess: boolean
}

/** Whose code it is that goes on. Used only where steps are taken: as long as it is on, every promise of the process costs more. */
const marks = new AsyncLocalStorage<Mark | undefined>()

/** @param world undefined until it has been made */
export function inSteps<C extends Asked>({ name, watch }: Subject, world: () => StepWorld<C> | undefined): InSteps<C> {
  let isWanted = false
  /** The command that was begun last before anybody wanted steps: until then each runs alone. */
  let unmarked: C | undefined
  const current = (what: string): { readonly world: StepWorld<C>; readonly of: C; readonly inAccess: boolean } => {
    const here = world()
    let mark = marks.getStore()
    if (mark === undefined && unmarked !== undefined) {
      mark = { of: unmarked, inAccess: false }
      marks.enterWith(mark)
    }
    if (here === undefined || mark === undefined) {
      throw new TypeError(`${what} outside of a command: expected it in what answers one`)
    }
    // What goes on in a run is marked by that run.
    return { world: here, of: mark.of as C, inAccess: mark.inAccess }
  }
  return {
    stepping: {
      wanted: () => {
        isWanted = true
      },
      step(access) {
        if (typeof access !== 'function') {
          throw new TypeError(`a step that is of type ${typeof access}: expected a function that makes the access`)
        }
        const { world, of, inAccess } = current('a step')
        if (inAccess) throw new TypeError('a step within a step: expected an access that takes none itself')
        return world.step((atMs) => {
          // The watch was told of another command since.
          watch?.entered(of.request.kind, atMs)
          return marks.run({ of, inAccess: true }, access, atMs)
        }, of)
      },
      decide(answer, note) {
        const { world, of } = current('`decided`')
        const { request, sinceMs } = of
        const reply = completed(name, request.command, answer, sinceMs)
        note(request.command, reply, sinceMs)
        world.decide(of, reply)
      },
    },
    carryOut(of, execute, nowMs) {
      const { command } = of.request
      if (isWanted) return marks.run({ of, inAccess: false }, execute, command, nowMs)
      unmarked = of
      const reply = execute(command, nowMs)
      if (isWanted) marks.enterWith(undefined)
      return reply
    },
  }
}
