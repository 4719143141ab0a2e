import type { LoadedSubject } from '../config/index.js'
import type { Failure, Told } from '../explore/index.js'
import type { ExploreSettings, ToExplore } from './explore-settings.js'
import type { ToldFailure } from './explore-text.js'
import { type ExploreThreads, scenarioHangs } from './explore-threads.js'
import type { Interrupt } from './interrupt.js'
import { keepCounterexample } from './keep-counterexample.js'
import { SubjectHangs } from './pool.js'

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
  { drawn }: ExploreSettings,
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
  const tell = async (failures: readonly Failure[], mayFail: (error: unknown) => boolean): Promise<void> => {
    for (const found of failures) {
      const small = what.options.shrink !== false && !interrupt.happened
      let toldOf: Told
      try {
        toldOf = await threads.pool().tell(found, small)
      } catch (error) {
        if (!mayFail(error)) throw error
        await threads.renew()
        toldOf = { story: { lines: [`not made small, and not told: ${untold(error as Error)}`], ownFaults: [] } }
      }
      told.push(keepCounterexample(what, loaded, drawn, found, toldOf))
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
