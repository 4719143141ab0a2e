import type { LoadedSubject } from '../config/index.js'
import type { Failure, Told } from '../explore/index.js'
import type { ExploreSettings, ToExplore } from './explore-settings.js'
import type { ToldFailure } from './explore-text.js'
import type { Interrupt } from './interrupt.js'
import { keepCounterexample } from './keep-counterexample.js'
import { openPool, type Pool, SubjectHangs } from './pool.js'

/** The threads that explore, and then tell what failed. */
export interface FailureTeller {
  /** Not kept: after a hang there is another. */
  readonly pool: Pool
  /** What was told so far, kept in files. */
  readonly told: readonly ToldFailure[]
  /** Makes `failures` small, one after another, and keeps them. */
  tell(failures: readonly Failure[]): Promise<void>
  /** The same for what was found before a hang: nothing that goes wrong now may hide that. */
  tellAfterHang(failures: readonly Failure[]): Promise<void>
  close(): Promise<void>
}

/** Opens the threads for one subject. What hangs while a failure is made small ends threads: others tell the next. */
export function openTeller(
  what: ToExplore,
  loaded: LoadedSubject,
  { workers, patienceMs, drawn }: ExploreSettings,
  interrupt: Interrupt,
): FailureTeller {
  const { io, scenarios, store, options } = what
  const spec = {
    directory: io.cwd,
    ...(options.config === undefined ? {} : { configFile: options.config }),
    scenarios: scenarios.map(({ name }) => name),
    ...(loaded.file === undefined ? {} : { subjectFile: loaded.file }),
    ...(store === undefined ? {} : { store }),
    options: drawn,
  }
  let pool = openPool(spec, { workers, patienceMs })
  const told: ToldFailure[] = []
  interrupt.signal.addEventListener('abort', () => {
    pool.stopShrinking()
    pool.stop()
  })

  /** Of a pool whose subject hangs, all threads may have been ended. */
  const renewPool = async (): Promise<void> => {
    await pool.close()
    pool = openPool(spec, { workers: 1, patienceMs })
  }
  const tell = async (failures: readonly Failure[], mayFail: (error: unknown) => boolean): Promise<void> => {
    for (const found of failures) {
      const small = options.shrink !== false && !interrupt.happened
      let toldOf: Told
      try {
        toldOf = await pool.tell(found, small)
      } catch (error) {
        if (!mayFail(error)) throw error
        await renewPool()
        toldOf = { story: [`not made small, and not told: ${untold(error as Error, scenarioHangs(what, loaded))}`] }
      }
      told.push(keepCounterexample(what, loaded, drawn, found, toldOf))
    }
  }

  return {
    get pool() {
      return pool
    },
    told,
    // A subject, or a scenario, may hang in what a smaller plan has it do: then there is nothing to tell but that.
    tell: (failures) => tell(failures, (error) => error instanceof SubjectHangs),
    async tellAfterHang(failures) {
      if (failures.length === 0) return
      await renewPool()
      await tell(failures, () => true)
    },
    close: () => pool.close(),
  }
}

/** In memory the built-in subject answers every command: what hangs then is a scenario. */
export const scenarioHangs = ({ store }: ToExplore, { file }: LoadedSubject): boolean =>
  file === undefined && store === undefined

function untold(error: Error, scenario: boolean): string {
  if (!(error instanceof SubjectHangs)) return error.message
  return scenario ? 'the scenario then does not come to an end' : `the subject then ${error.message}`
}
