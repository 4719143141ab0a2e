import { compareWithSnapshot, type Drift, snapshotFile } from '../../gate/index.js'
import type { Report } from '../../report/index.js'
import type { Measured } from '../measure/measure.js'
import { commandText, parametersFirst, tuneText } from '../options/command-text.js'
import { type LeftOut, needText } from '../options/lacking.js'
import type { MeasureOptions } from '../options/options.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD } from '../terminal/exit-code.js'
import { type SnapshotPlace, snapshotAt } from './snapshot-place.js'
import { noSnapshotText, noSnapshotTodo } from './snapshot-text.js'

/** The file of a subject of the configuration that was not run, and the command that checks it. */
export interface Unchecked {
  readonly file: string
  readonly command: string
}

/** What the gate found: how the report differs from the snapshot. */
export type Gate = {
  /** The command that accepts what is there now; null where it would refuse. */
  readonly accept: string | null
  /** What has to be done before anything can be accepted; null where nothing has. */
  readonly first: string | null
  /** The scenarios that the subject was not asked. */
  readonly leftOut: readonly LeftOut[]
  readonly unchecked: readonly Unchecked[]
} & (
  | { readonly kind: 'compared'; readonly drifts: readonly Drift[] }
  /** There is nothing to compare with: why, and what to do. */
  | { readonly kind: 'no-snapshot'; readonly sentence: string; readonly todo: string }
)

/** All that decides what the gate finds. */
export interface ToCompare {
  readonly measured: Measured
  readonly place: SnapshotPlace
  /** Every scenario there is. */
  readonly existing: readonly string[]
  readonly unchecked: readonly Unchecked[]
  readonly options: MeasureOptions
  readonly shown: (file: string) => string
}

export function gateOf({ measured, place, existing, unchecked, options, shown }: ToCompare): Gate {
  const { report, leftOut } = measured
  const accept = report.passed ? commandText('update', options) : null
  const common = { accept, first: todoFirst(report, options), leftOut, unchecked }
  const found = snapshotAt(place)
  if (found.kind !== 'snapshot') {
    const file = shown(snapshotFile(place.folder))
    const sentence = noSnapshotText(found, file, place.subject)
    return { ...common, kind: 'no-snapshot', sentence, todo: noSnapshotTodo(found, file, accept) }
  }
  const inSnapshot = found.snapshot.entries.map(({ scenario }) => scenario)
  const lacking = leftOut.filter(({ scenario }) => inSnapshot.includes(scenario))
  return {
    ...common,
    kind: 'compared',
    drifts: [
      ...compareWithSnapshot(report, found.snapshot, existing),
      ...lacking.map(({ scenario, lacks }): Drift => ({ kind: 'lacking', scenario, lacks: lacks.map(needText) })),
    ],
  }
}

/** What did not hold has to be mended, or, where it is a limit, allowed: the snapshot of it would make the gate defend a fault. */
export function todoFirst(report: Report, options: MeasureOptions): string | null {
  if (report.passed) return null
  const failed = report.outcomes.filter(({ passed }) => !passed)
  const over = failed.filter(({ deterministic, invariantsMet }) => deterministic && invariantsMet)
  const broken = failed.filter((outcome) => !over.includes(outcome))
  const names = (outcomes: typeof failed) => outcomes.map(({ scenario }) => scenario)
  return [
    ...(broken.length === 0 ? [] : [`mend ${names(broken).join(', ')}`]),
    ...(over.length === 0 ? [] : [`mend ${names(over).join(', ')}, or ${raising(names(over), options)}`]),
  ].join('; ')
}

/** How a limit is raised: by the proposal of `tune`, unless the limits are those of a file that was named. */
function raising(scenarios: readonly string[], { budget, seed, ...options }: MeasureOptions): string {
  if (budget !== undefined) return 'raise what is over budget in the budgets that --budget names'
  const given = seed === undefined ? options : { ...options, fromSeed: seed }
  const first = options.param === undefined ? '' : `${parametersFirst(options.param)}, and `
  return `${first}raise what is over budget with \`${tuneText(scenarios, given, true)}\``
}

/**
 * Without a snapshot there is nothing to compare with: that has not passed, and has not been checked either. What was judged
 * without one and did not hold goes before.
 */
export function exitCodeOf(report: Report, gate: Gate): ExitCode {
  if (!report.passed) return NOT_HELD
  if (gate.kind === 'no-snapshot') return NOT_CHECKED
  return gate.drifts.length === 0 ? HELD : NOT_HELD
}
