import { Chalk } from 'chalk'
import { keptCounterexamples, type LoadedCounterexample, loadCounterexample, type Project } from '../../config/index.js'
import { DEFAULT_MAX_EXPLORED_EVENTS, type Failure, foundIn, runAgain } from '../../explore/index.js'
import { type Annotation, plural, shellWord } from '../../report/index.js'
import { optionText } from '../options/command-text.js'
import type { CommonOptions } from '../options/options.js'
import { type Io, onScenarioWatch, onWatch } from '../terminal/io.js'
import { shownPath } from '../terminal/shown-path.js'

/** A counterexample that is kept as a regression test, and what it shows now. */
export interface Kept {
  readonly file: string
  readonly failure: Failure | undefined
  /** The command that shows it event by event. */
  readonly see: string
}

type LoadedFile = readonly [file: string, example: LoadedCounterexample]

/** One that cannot be used is refused before anything has run. */
export async function loadKept(project: Project): Promise<readonly LoadedFile[]> {
  const loaded: LoadedFile[] = []
  for (const file of keptCounterexamples(project)) loaded.push([file, await loadCounterexample(project, file)])
  return loaded
}

export async function runKept(
  io: Io,
  counterexamples: readonly LoadedFile[],
  { config, patience }: CommonOptions,
): Promise<readonly Kept[]> {
  const kept: Kept[] = []
  for (const [file, example] of counterexamples) {
    onScenarioWatch(io, [example.scenario])
    const failure = await runAgain(example.scenario, example.plan, {
      subject: onWatch(io, example.subject, shownPath(io, file)),
      maxEvents: example.maxEvents ?? DEFAULT_MAX_EXPLORED_EVENTS,
      ...(example.invariants === undefined ? {} : { invariants: example.invariants }),
    })
    const given = `${optionText('config', config)}${optionText('patience', patience)}`
    const see = `npx contention replay ${shellWord(shownPath(io, file))}${given} --trace`
    kept.push({ file, failure, see })
  }
  return kept
}

export function keptTerminal(io: Io, kept: readonly Kept[], quiet: boolean): string {
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const broken = kept.filter(({ failure }) => failure !== undefined)
  if (kept.length === 0 || (quiet && broken.length === 0)) return ''
  if (broken.length === 0) return `${chalk.green('PASS')}  ${plural(kept.length, 'counterexample')} kept, none fails\n`
  const lines = broken.flatMap(({ file, failure, see }) => [
    `${chalk.red('FAIL')}  ${shownPath(io, file)}: ${brokenText(failure)}`,
    `      see ${see}`,
  ])
  return `${lines.join('\n')}\n`
}

export function keptAnnotations(io: Io, broken: readonly Kept[]): readonly Annotation[] {
  return broken.map(({ file, failure, see }) => ({
    title: `${shownPath(io, file)} fails`,
    message: `${brokenText(failure)}\nsee ${see}`,
  }))
}

export function keptMarkdown(io: Io, broken: readonly Kept[]): string {
  if (broken.length === 0) return ''
  const lines = broken.flatMap(({ file, failure, see }) => [
    `- ${shownPath(io, file)}: ${brokenText(failure)}`,
    `  - see \`${see}\``,
  ])
  return `## Counterexamples that fail\n\n${lines.join('\n')}\n\n`
}

function brokenText(failure: Failure | undefined): string {
  if (failure === undefined) return ''
  const { what, message, atMs } = foundIn(failure)
  return `${what} at ${atMs} ms: ${message}`
}
