import { join } from 'node:path'
import { budgetFileName, budgetFor, defaultBudgets, printBudgets } from '../../budget/index.js'
import { budgetSchema, budgetVersions, loadBudgets, packageBudgets } from '../../config/index.js'
import { InputError, own } from '../../input/index.js'
import { plural } from '../../report/index.js'
import { type NextVersion, nextVersion, type Predecessor, proposeLimits, type TunedScenario } from '../../tune/index.js'
import { replayOptions, tuneText } from '../options/command-text.js'
import { type TuneOptions, wholeNumber } from '../options/options.js'
import { createFile } from '../terminal/create-file.js'
import { HELD, NOT_HELD } from '../terminal/exit-code.js'
import { shownPath } from '../terminal/shown-path.js'
import { sweepAll, type TuneEnd, type TunePlan } from './plan.js'
import { type ToWrite, type Tuned, tunedTerminal, type Written } from './terminal.js'

/** A quarter: what a change that is none of a budget's business may cost, such as a draw more or a delay retuned. */
const DEFAULT_HEADROOM_PERCENT = 25

/** Shows what the limits are worth, proposes better ones, and with `--write` makes them the next version. */
export async function tuneLimits(plan: TunePlan, options: TuneOptions): Promise<TuneEnd> {
  const { io, selection, leftOut, budgets, seeds, subject, json } = plan
  const headroomPercent = wholeNumber('--headroom', options.headroom ?? `${DEFAULT_HEADROOM_PERCENT}`, 0, 1_000)
  const before = predecessor(plan)
  const swept = await sweepAll(
    plan,
    selection.scenarios.map((scenario) => ({ scenario, changed: {} })),
  )
  if (swept.kind === 'failed') return swept
  const tuned = swept.sweeps.map((measured) =>
    proposeLimits(measured, budgetFor(budgets, measured.scenario), headroomPercent),
  )

  const next = nextVersion(
    before,
    tuned,
    { ...(options.subject !== undefined && { subject: subject.name }), seeds, headroomPercent },
    options.reason,
  )
  const written = options.write ? writeNext(plan, before, next) : undefined
  const broken = tuned.some(({ proposals }) => proposals.some(({ standing }) => standing === 'broken'))
  const held = !broken || written?.kind === 'written'
  const result: Tuned = { budgetVersion: budgets.version, seeds, headroomPercent, scenarios: tuned, written }
  if (json) {
    const verdict = held ? 'held' : 'not-held'
    io.stdout.write(`${JSON.stringify({ verdict, leftOut, ...result }, null, 2)}\n`)
  } else {
    const shown = written?.kind === 'written' ? { ...written, file: shownPath(io, written.file) } : written
    io.stdout.write(
      tunedTerminal(
        { ...result, written: shown },
        { ...plan, again: (each) => againOptions(plan, each), toWrite: toWrite(plan, next) },
      ),
    )
  }
  return { kind: 'done', code: held ? HELD : NOT_HELD }
}

/** What else `replay` has to be given to run a seed of `scenario` as it was measured. */
function againOptions({ selection, project, options }: TunePlan, { scenario, overrides }: TunedScenario): string {
  const run = { parameters: own(selection.parameters, scenario) ?? {}, overrides }
  return replayOptions(run, options, own(project.parameters, scenario))
}

/** How the proposals become the next version; undefined where that would be the same. */
function toWrite({ names, options }: TunePlan, next: NextVersion): ToWrite | undefined {
  if (next.kind === 'unchanged') return undefined
  const raised = next.kind === 'reason-needed' ? next.raised.length : 0
  return { raised, command: tuneText(names, options, raised > 0), param: options.param ?? [] }
}

/** @throws InputError where limits would be raised, and nobody said why */
function writeNext({ project }: TunePlan, before: Predecessor, next: NextVersion): Written {
  switch (next.kind) {
    case 'unchanged':
      return next
    case 'reason-needed':
      throw new InputError({
        what: `${plural(next.raised.length, 'limit')} would be raised: nothing was written`,
        found: next.raised
          .map(({ scenario, limit, from, to }) => `${scenario} ${limit} ${from} → ${to}`)
          .join('\n            '),
        expected: '--reason "why more is acceptable", which goes into the file',
      })
    case 'next': {
      const { version } = next.budgets
      const file = join(project.budgetFolder, budgetFileName(version))
      createFile(file, printBudgets(next.budgets, budgetSchema(project)))
      const isFirst = before.version === 0 && Object.keys(before.scenarios).length > 0
      const inPlaceOf = isFirst ? { inPlaceOf: defaultBudgets.version } : {}
      return { kind: 'written', file, version, changes: next.changes, added: next.added, ...inPlaceOf }
    }
  }
}

/**
 * What the next version follows: the highest there is by now. A project without a file has been judged by the budgets that come
 * with the package; its first file takes them over for what it runs, or it would lose them without a word.
 */
function predecessor({ io, project }: TunePlan): Predecessor {
  const version = budgetVersions(project.budgetFolder).at(-1)
  if (version !== undefined) return loadBudgets(project, io.cwd, `${version}`)
  return { ...packageBudgets(project), version: 0 }
}
