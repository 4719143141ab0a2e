import { isBuiltIn } from '../../../scenarios/index.js'
import type { LoadedSubject } from '../../config/index.js'
import { carriedOver, type Failure, type Telling } from '../../explore/index.js'
import type { Interrupt } from '../terminal/interrupt.js'
import { SubjectHangs } from '../threads/hang.js'
import { keepCounterexample, withoutCounterexample } from './keep-counterexample.js'
import type { ExploreSettings, ToExplore } from './settings.js'
import type { ToldFailure } from './text.js'
import { type ExploreThreads, scenarioHangs } from './threads.js'

/** A subject that keeps something shows it soon, and a thread for each of a thousand failures would take minutes. */
const RUN_AFRESH = 10

export interface FailureTeller {
  /** What was told so far. */
  readonly told: readonly ToldFailure[]
  /** Makes `failures` small, one after another, and keeps them in files. */
  tell(failures: readonly Failure[]): Promise<void>
  /** The same for what was found before a hang: nothing that goes wrong now may hide that. */
  tellAfterHang(failures: readonly Failure[]): Promise<void>
}

/** Tells what failed. What hangs while a failure is made small ends threads: others tell the next. */
export function failureTeller(
  what: ToExplore,
  loaded: LoadedSubject,
  settings: ExploreSettings,
  threads: ExploreThreads,
  interrupt: Interrupt,
): FailureTeller {
  const told: ToldFailure[] = []

  const untold = (error: Error): string => {
    if (!(error instanceof SubjectHangs)) return error.message
    return scenarioHangs(error, what, loaded)
      ? 'the scenario then does not come to an end'
      : `the subject then ${error.message}`
  }
  /** Of code that is not ours nothing may be kept from the runs before. On a store of ours, it is that which keeps. */
  const mayKeep = ({ kind, scenario }: Failure): boolean =>
    kind !== 'nondeterministic' &&
    what.store === undefined &&
    (loaded.file !== undefined || what.scenarios.some((other) => other.name === scenario && !isBuiltIn(other)))

  /** What a fresh thread shows of `smallest` besides; undefined where it shows the same, or hangs. */
  const carriedInto = async (found: Failure, smallest: Failure): Promise<Failure | undefined> => {
    if (!mayKeep(found) || told.length >= RUN_AFRESH || interrupt.happened) return undefined
    try {
      return carriedOver(found, smallest, await threads.afresh(smallest))
    } catch (error) {
      if (!(error instanceof SubjectHangs)) throw error
      return undefined
    }
  }
  const toldOf = async (found: Failure): Promise<ToldFailure> => {
    const result = await threads.pool().tell(found, what.options.shrink !== false && !interrupt.happened)
    const carried = await carriedInto(found, result.small?.failure ?? found)
    return carried === undefined
      ? keepCounterexample(what, loaded, settings.drawn, found, result)
      : withoutCounterexample(what, loaded, settings, carried)
  }
  const tell = async (failures: readonly Failure[], mayFail: (error: unknown) => boolean): Promise<void> => {
    for (const found of failures) {
      try {
        told.push(await toldOf(found))
      } catch (error) {
        if (!mayFail(error)) throw error
        await threads.renew()
        const story: Telling['story'] = {
          lines: [`not made small, and not told: ${untold(error as Error)}`],
          ownFaults: [],
        }
        told.push(keepCounterexample(what, loaded, settings.drawn, found, { story }))
      }
    }
  }

  return {
    told,
    // A subject, or a scenario, may hang in what a smaller plan has it do: then there is nothing to tell but that.
    tell: (failures) => tell(failures, (error) => error instanceof SubjectHangs),
    async tellAfterHang(failures) {
      if (failures.length === 0) return
      await threads.renew()
      await tell(failures, () => true)
    },
  }
}
