import { relative, resolve } from 'node:path'
import { invariantsOf, type LoadedSubject } from '../config/index.js'
import {
  counterexampleName,
  counterexampleOf,
  DEFAULT_MAX_STEPS,
  type Failure,
  type Told,
  tokenOf,
} from '../explore/index.js'
import { writeBeside } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { shellWord } from '../report/index.js'
import type { Scenario } from '../scenario/index.js'
import { optionText } from './command-text.js'
import type { ExploreSettings, ToExplore } from './explore-settings.js'
import { besides, type ToldFailure } from './explore-text.js'
import { shownPath } from './shown-path.js'

/** Writes `found`, made small or not, to a file, and says where. */
export function keepCounterexample(
  { io, project, scenarios, options }: ToExplore,
  { subject: { name: subjectName }, file }: LoadedSubject,
  { maxSteps, invariants }: ExploreSettings['drawn'],
  found: Failure,
  { small, story }: Told,
): ToldFailure {
  const scenario = scenarios.find(({ name }) => name === found.scenario) as Scenario
  const failure = small?.failure ?? found
  const subject = file === undefined ? {} : { subject: relative(project.root, file) }
  const own = invariantsOf(scenario)
  const judged = invariants === undefined ? {} : { invariants: invariants.filter((name) => own.includes(name)) }
  const example = counterexampleOf(failure, { ...subject, ...judged, maxEvents: maxSteps })
  const folder = options.save
    ? resolve(project.snapshotFolder, 'counterexamples')
    : resolve(io.cwd, options.output ?? 'counterexamples')
  const name = counterexampleName(example, file === undefined ? undefined : subjectName)
  const token = tokenOf(failure.plan, scenario)
  const told = {
    failure,
    ...(small === undefined ? {} : { found, runs: small.runs, minimal: small.minimal }),
    story: story.lines,
    ownFaults: story.ownFaults,
    ...(token === undefined ? {} : { token }),
    ...(file === undefined ? {} : { subject: shownPath(io, file) }),
    ...judged,
    ...(maxSteps === DEFAULT_MAX_STEPS ? {} : { maxEvents: maxSteps }),
    ...(options.config === undefined ? {} : { config: options.config }),
  }
  try {
    const shown = shownPath(io, writeBeside(folder, name, '.json', `${JSON.stringify(example, null, 2)}\n`))
    const replay = `npx contention replay ${shellWord(shown)}${optionText('config', options.config)} --trace`
    return { ...told, file: shown, replay }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    // What was found, maybe after hours, is told all the same.
    const again =
      token === undefined
        ? `explore ${scenario.name} --from-seed ${found.seed} --seeds 1${besides(told)}`
        : `replay ${token}${besides(told)} --trace`
    const { what, found: why = '' } = error.problem
    return { ...told, unsaved: why === '' ? what : `${what} (${why})`, replay: `npx contention ${again}` }
  }
}
