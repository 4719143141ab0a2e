import type { LoadedSubject } from '../../config/index.js'
import type { Failure } from '../../explore/index.js'
import type { Interrupt } from '../terminal/interrupt.js'
import type { SubjectHangs } from '../threads/hang.js'
import { openPool, type Pool } from '../threads/pool.js'
import type { ExploreSettings, ToExplore } from './settings.js'

/** The threads of an exploration of one subject. */
export interface ExploreThreads {
  /** Those there are now: after `renew`, others. */
  pool(): Pool
  /** Ends all, and opens one: of a pool whose subject hangs, every thread may have been ended. */
  renew(): Promise<void>
  /**
   * What the plan of `failure` shows in a thread where nothing has run before.
   * @throws SubjectHangs
   */
  afresh(failure: Failure): Promise<Failure | undefined>
  close(): Promise<void>
}

/** Opens the threads. At an interrupt they end with the seed that each is at. */
export function openExploreThreads(
  { io, scenarios, store, options }: ToExplore,
  { subject: { name: subject }, file }: LoadedSubject,
  { workers, patienceMs, drawn }: ExploreSettings,
  interrupt: Interrupt,
): ExploreThreads {
  const spec = {
    directory: io.cwd,
    ...(options.config === undefined ? {} : { configFile: options.config }),
    scenarios: scenarios.map(({ name }) => name),
    ...(file === undefined ? {} : { subjectFile: file }),
    ...(store === undefined ? {} : { store }),
    options: drawn,
  }
  let pool = openPool(spec, { subject, workers, patienceMs })
  interrupt.signal.addEventListener('abort', () => {
    pool.stopShrinking()
    pool.stop()
  })
  return {
    pool: () => pool,
    async renew() {
      await pool.close()
      pool = openPool(spec, { subject, workers: 1, patienceMs })
    },
    async afresh(failure) {
      const fresh = openPool(spec, { subject, workers: 1, patienceMs })
      try {
        return await fresh.again(failure)
      } finally {
        await fresh.close()
      }
    },
    close: () => pool.close(),
  }
}

/** Whether it is a scenario that hangs. In memory the built-in subject answers every command. */
export const scenarioHangs = ({ inScenario }: SubjectHangs, { store }: ToExplore, { file }: LoadedSubject): boolean =>
  inScenario || (file === undefined && store === undefined)
