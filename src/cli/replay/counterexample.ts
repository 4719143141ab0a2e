import { resolve } from 'node:path'
import { Chalk } from 'chalk'
import {
  invariantsNamed,
  type LoadedCounterexample,
  loadCounterexample,
  loadProject,
  loadToken,
} from '../../config/index.js'
import {
  type attempt,
  DEFAULT_MAX_EXPLORED_EVENTS,
  describeClocks,
  type ExploreOptions,
  isToken,
  runAgain,
  storyOf,
} from '../../explore/index.js'
import { shellWord } from '../../report/index.js'
import { castOf, numbered } from '../../trace/index.js'
import { besides, failureText } from '../explore/text.js'
import { refuseLackingCommands } from '../options/lacking.js'
import { maxEventsOption, type ReplayOptions } from '../options/options.js'
import { type ExitCode, HELD, NOT_HELD } from '../terminal/exit-code.js'
import { type Io, onScenarioWatch, onWatch } from '../terminal/io.js'
import { settled } from '../terminal/settled.js'
import { printing } from './print-event.js'

/** `contention replay FILE` or `contention replay TOKEN`: a failure again, as it was found. */
export async function replayCounterexample(io: Io, what: string, options: ReplayOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  const subjectFile = options.subject === undefined ? undefined : resolve(io.cwd, options.subject)
  const example = isToken(what)
    ? await loadToken(project, what, subjectFile)
    : await loadCounterexample(project, resolve(io.cwd, what), subjectFile)
  const subject = onWatch(io, example.subject)
  refuseLackingCommands([example.scenario], subject)
  onScenarioWatch(io, [example.scenario])
  const invariants =
    options.invariant === undefined ? example.invariants : invariantsNamed(options.invariant, [example.scenario])
  const exploreOptions: ExploreOptions = {
    subject,
    maxEvents: maxEventsOption(options.maxEvents, example.maxEvents ?? DEFAULT_MAX_EXPLORED_EVENTS),
    ...(invariants === undefined ? {} : { invariants }),
  }
  const failure = await runAgain(
    example.scenario,
    example.plan,
    exploreOptions,
    options.trace ? tracing(io, example, options) : {},
  )
  await settled()
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  if (options.json) {
    const verdict = failure === undefined ? 'held' : 'not-held'
    const line = JSON.stringify(
      { verdict, subject: example.subject.name, plan: example.plan, failure: failure ?? null },
      null,
      options.trace ? undefined : 2,
    )
    io.stdout.write(`${line}\n`)
  } else if (failure === undefined) {
    const { scenario, subject, found } = example
    const then = found === undefined ? '' : `; when it was found, ${found.what} did not: ${found.message}`
    io.stdout.write(
      `${options.trace ? '\n' : ''}${chalk.green('PASS')}  ${scenario.name} holds under this plan, on ${subject.name}${then}\n`,
    )
    if (isToken(what) && subjectFile === undefined) {
      io.stdout.write('      a token does not say on which subject it was found: name that with --subject\n')
    }
  } else {
    const story =
      options.trace && failure.kind !== 'nondeterministic'
        ? []
        : (await storyOf(example.scenario, failure, exploreOptions)).lines
    const text = failureText({ failure, story, replay: replayOf(what, options) }, chalk)
    io.stdout.write(`${options.trace ? '\n' : ''}${text}`)
  }
  return failure === undefined ? HELD : NOT_HELD
}

/** The command that shows it again, event by event. */
function replayOf(what: string, { subject, invariant, maxEvents, config, patience }: ReplayOptions): string {
  const given = besides({
    ...(subject === undefined ? {} : { subject }),
    ...(invariant === undefined ? {} : { invariants: invariant }),
    ...(maxEvents === undefined ? {} : { maxEvents: Number(maxEvents) }),
    ...(config === undefined ? {} : { config }),
    ...(patience === undefined ? {} : { patience }),
  })
  return `npx contention replay ${shellWord(what)}${given} --trace`
}

function tracing(
  io: Io,
  { scenario, plan }: LoadedCounterexample,
  options: ReplayOptions,
): Parameters<typeof attempt>[3] {
  const cast = castOf(
    numbered('node', plan.parameters['nodes'] ?? 1),
    numbered('space', plan.parameters['spaces'] ?? 1),
  )
  const durationMs = plan.parameters['durationMs'] ?? Number.MAX_SAFE_INTEGER
  return { listeners: [printing(io, { cast, durationMs, clocks: () => describeClocks(scenario, plan) }, options)] }
}
