import type { LoadedSubject } from '../../config/index.js'
import { drawSwarm, type Exploration, explore as exploreSeeds } from '../../explore/index.js'
import type { InputError } from '../../input/index.js'
import type { Scenario } from '../../scenario/index.js'
import { askable } from '../options/lacking.js'
import type { ExitCode } from '../terminal/exit-code.js'
import { onInterrupt } from '../terminal/interrupt.js'
import type { Io } from '../terminal/io.js'
import { DEFAULT_COLUMNS } from '../terminal/progress.js'
import { endlessScenario, givenText, SubjectHangs } from '../threads/hang.js'
import type { Explored } from './exhaustively.js'
import { failureTeller } from './failure-teller.js'
import { printExplored, printHang } from './print-explored.js'
import { type ExploreSettings, exploreSettings, type ToExplore } from './settings.js'
import { progressText, swarmText } from './text.js'
import { openExploreThreads, scenarioHangs } from './threads.js'

/** Longer ones fire at once. */
const MOST_TIMER_MS = 2 ** 31 - 1

/** Explores on one subject, and prints what came of it. */
export async function exploreSubject(what: ToExplore, loaded: LoadedSubject): Promise<Explored> {
  const { io, named } = what
  const settings = exploreSettings(what)
  const { seeds, fromSeed, timeMs, maxFailures, workers, patienceMs } = settings
  const interrupt = onInterrupt()
  const threads = openExploreThreads(what, loaded, settings, interrupt)
  const teller = failureTeller(what, loaded, settings, threads, interrupt)
  const { told } = teller
  const startedMs = performance.now()
  let { scenarios } = what
  let exploration: Exploration | undefined
  let late: NodeJS.Timeout | undefined
  try {
    const asked = askable(scenarios, loaded.subject, await threads.pool().assemble(), { named })
    scenarios = asked.scenarios
    printSwarms(what, scenarios, settings)
    const names = scenarios.map(({ name }) => name)
    if (timeMs !== undefined) late = setTimeout(() => threads.pool().stop(), Math.min(timeMs, MOST_TIMER_MS))
    exploration = await exploreSeeds((chunk) => threads.pool().explore(chunk, names), {
      fromSeed,
      seeds,
      maxFailures,
      atOnce: workers * 2,
      goOn: () => !interrupt.happened && (timeMs === undefined || performance.now() - startedMs < timeMs),
      onProgress(soFar) {
        exploration = soFar
        progress(io, soFar, seeds, startedMs)
      },
    })
    const tookMs = Math.max(1, performance.now() - startedMs)
    // A failure is told at once; that nothing failed is said when nothing is left that might.
    if (!interrupt.happened && exploration.failures.length === 0) await threads.pool().quiet()
    clearProgress(io)
    await teller.tell(exploration.failures)
    const { happened: interrupted } = interrupt
    const code = printExplored(what, loaded, { askable: asked, exploration, told, tookMs, workers, interrupted })
    return { code, interrupted }
  } catch (error) {
    if (!(error instanceof SubjectHangs)) throw error
    if (scenarioHangs(error, what, loaded)) throw endless(error, scenarios, patienceMs)
    let code: ExitCode
    try {
      // What was found before is true all the same.
      await teller.tellAfterHang([...(exploration?.failures ?? []), ...error.found].slice(0, maxFailures))
    } finally {
      code = printHang(what, loaded, scenarios, error, { patienceMs, told })
    }
    return { code, interrupted: interrupt.happened }
  } finally {
    clearTimeout(late)
    clearProgress(io)
    interrupt.dispose()
    await threads.close()
  }
}

/** With one seed, or if asked for: what each of the first seeds draws, before any of it runs. */
function printSwarms(
  { io, options }: ToExplore,
  scenarios: readonly Scenario[],
  { seeds, fromSeed, drawn }: ExploreSettings,
): void {
  if (options.json || options.quiet || (seeds !== 1 && !options.verbose)) return
  for (let seed = fromSeed; seed < fromSeed + Math.min(seeds, 1_000); seed++) {
    for (const scenario of scenarios) io.stdout.write(swarmText(drawSwarm(scenario, seed, drawn)))
  }
}

function endless({ chunk }: SubjectHangs, scenarios: readonly Scenario[], patienceMs: number): InputError {
  const names = scenarios.map(({ name }) => name)
  const which = names.length === 1 ? `scenario "${names[0]}"` : `one of the scenarios ${names.join(', ')}`
  const seeds = chunk === undefined ? '' : `, in seeds ${chunk.from} to ${chunk.from + chunk.seeds - 1}`
  return endlessScenario(`${which} does not come to an end${seeds}`, givenText(patienceMs))
}

function progress(io: Io, soFar: Exploration, of: number, startedMs: number): void {
  const tookMs = performance.now() - startedMs
  if (!io.stderr.redraws || tookMs < 1_000) return
  // A line that wraps could not be drawn over; a terminal that does not tell its width is thought to have the usual one.
  const text = progressText(soFar, of, tookMs).slice(0, (io.stderr.columns ?? DEFAULT_COLUMNS) - 1)
  io.stderr.write(`\r\u001b[K${text}`)
}

function clearProgress(io: Io): void {
  if (io.stderr.redraws) io.stderr.write('\r\u001b[K')
}
