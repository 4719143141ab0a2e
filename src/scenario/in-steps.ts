import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Access } from '../kernel/index.js'
import type { Command, Reply } from '../protocol/index.js'
import { type Assembled, completed, outsideOfCommand, type Stepping, type Subject } from '../subject/index.js'
import type { TracedRequest } from '../trace/index.js'

/** A command that takes steps: what was asked, and when. */
interface Asked {
  readonly request: TracedRequest
  readonly sinceMs: number
}

/** What has commands carried out in steps: the kernel, or whoever stands in for it. */
export interface StepWorld<C extends Asked> {
  step<T>(access: Access<T>, of: C, sleepMs?: number): Promise<T>
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
  readonly world: unknown
  readonly of: Asked
  /** It is one of its accesses that goes on. */
  readonly inAccess: boolean
}

/** Whose code it is that goes on. Used only where steps are taken: as long as it is on, every promise of the process costs more. */
const marks = new AsyncLocalStorage<Mark | undefined>()

/** @param world once it has been made */
export function inSteps<C extends Asked>({ name, watch }: Subject, world: () => StepWorld<C>): InSteps<C> {
  let isWanted = false
  /** The command that was begun last before anybody wanted steps: until then each runs alone. */
  let unmarked: C | undefined
  const begun = new WeakMap<Command, C>()
  const marked = (of: C, inAccess: boolean): Mark => ({ world: world(), of, inAccess })

  const current = (what: string, command: Command | undefined): Mark & { readonly of: C } => {
    let mark = marks.getStore()
    if (mark === undefined && unmarked !== undefined) {
      mark = marked(unmarked, false)
      marks.enterWith(mark)
    }
    const named = command && begun.get(command)
    if (named !== undefined) return { ...marked(named, mark?.inAccess === true), of: named }
    if (mark === undefined) throw outsideOfCommand(what)
    if (mark.world !== world()) {
      throw new TypeError(`${what} of another run: expected one of the context that the part was made with in this run`)
    }
    // What goes on in this world is one of its own.
    return { ...mark, of: mark.of as C }
  }
  return {
    stepping: {
      wanted: () => {
        isWanted = true
      },
      step(access, command) {
        const { of, inAccess } = current('a step', command)
        if (inAccess) throw new TypeError('a step within a step: expected an access that takes none itself')
        return world().step((atMs) => {
          // The watch was told of another command since.
          watch?.entered(of.request.kind, atMs)
          return marks.run(marked(of, true), access, atMs)
        }, of)
      },
      sleep(durationMs, command) {
        const { of, inAccess } = current('a sleep', command)
        if (inAccess) throw new TypeError('a sleep within a step: expected it before that, or after')
        return world().step(() => undefined, of, durationMs)
      },
      decide(answer, command, note) {
        const { of } = current('`decided`', command)
        const { request, sinceMs } = of
        const reply = completed(name, request.command, answer, sinceMs)
        note(request.command, reply, sinceMs)
        world().decide(of, reply)
      },
      sent: (command) => begun.get(command)?.request.command ?? command,
    },
    carryOut(of, execute, nowMs) {
      const { command } = of.request
      if (isWanted) {
        // One of its own: a copy that is under way at the same time is another.
        const own = { ...command }
        begun.set(own, of)
        return marks.run(marked(of, false), execute, own, nowMs)
      }
      unmarked = of
      const reply = execute(command, nowMs)
      if (isWanted) marks.enterWith(undefined)
      return reply
    },
  }
}
