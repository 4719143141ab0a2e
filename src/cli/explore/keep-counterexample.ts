import { relative, resolve } from 'node:path'
import { invariantsOf, type LoadedSubject } from '../../config/index.js'
import {
  counterexampleName,
  counterexampleOf,
  DEFAULT_MAX_EXPLORED_EVENTS,
  type Failure,
  type Telling,
  tokenOf,
} from '../../explore/index.js'
import { writeBeside } from '../../gate/index.js'
import { InputError } from '../../input/index.js'
import { shellWord } from '../../report/index.js'
import type { Scenario } from '../../scenario/index.js'
import { exploreText } from '../options/command-text.js'
import { shownPath } from '../terminal/shown-path.js'
import type { ExploreSettings, ToExplore } from './settings.js'
import { besides, type ToldFailure } from './text.js'

/** What a failure is told with that no file shows: the command that explores up to it again, on one thread. */
export function withoutCounterexample(
  { io, scenarios, named, options }: ToExplore,
  { file }: LoadedSubject,
  { fromSeed, maxFailures }: ExploreSettings,
  failure: Failure,
): ToldFailure {
  const subject = file === undefined ? undefined : shownPath(io, file)
  const what = [
    ...(named ? scenarios.map(({ name }) => name) : []),
    `--from-seed ${fromSeed} --seeds ${failure.seed - fromSeed + 1} --workers 1`,
    ...(maxFailures === 1 ? [] : [`--max-failures ${maxFailures}`]),
  ]
  return {
    failure,
    story: ['every run begins with nothing: look for state in a variable of a module'],
    ...(subject === undefined ? {} : { subject }),
    replay: exploreText(what, options, subject),
  }
}

/** Writes `found`, made small or not, to a file, and says where. */
export function keepCounterexample(
  { io, project, scenarios, options }: ToExplore,
  { subject: { name: subjectName }, file }: LoadedSubject,
  { maxEvents, invariants }: ExploreSettings['drawn'],
  found: Failure,
  { small, story }: Telling,
): ToldFailure {
  const scenario = scenarios.find(({ name }) => name === found.scenario) as Scenario
  const failure = small?.failure ?? found
  const subject = file === undefined ? {} : { subject: relative(project.root, file) }
  const own = invariantsOf(scenario)
  const judged = invariants === undefined ? {} : { invariants: invariants.filter((name) => own.includes(name)) }
  const example = counterexampleOf(failure, { ...subject, ...judged, maxEvents })
  const folder = options.save
    ? resolve(project.snapshotFolder, 'counterexamples')
    : resolve(io.cwd, options.output ?? 'counterexamples')
  const name = counterexampleName(example, file === undefined ? undefined : subjectName)
  const token = tokenOf(failure.plan, scenario)
  const told = {
    failure,
    ...(small === undefined ? {} : { found, runs: small.runs, minimal: small.minimal, lowered: small.lowered }),
    story: story.lines,
    ownFaults: story.ownFaults,
    ...(token === undefined ? {} : { token }),
    ...(file === undefined ? {} : { subject: shownPath(io, file) }),
    ...judged,
    ...(maxEvents === DEFAULT_MAX_EXPLORED_EVENTS ? {} : { maxEvents }),
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(options.patience === undefined ? {} : { patience: options.patience }),
  }
  try {
    const shown = shownPath(io, writeBeside(folder, name, '.json', `${JSON.stringify(example, null, 2)}\n`))
    // The file says the rest.
    const { config, patience } = options
    const given = besides({ ...(config !== undefined && { config }), ...(patience !== undefined && { patience }) })
    return { ...told, file: shown, replay: `npx contention replay ${shellWord(shown)}${given} --trace` }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    // What was found, maybe after hours, is told all the same.
    const replay =
      token === undefined
        ? exploreText([scenario.name, `--from-seed ${found.seed} --seeds 1`], options, told.subject)
        : `npx contention replay ${token}${besides(told)} --trace`
    const { what, found: why = '' } = error.problem
    return { ...told, unsaved: why === '' ? what : `${what} (${why})`, replay }
  }
}
