import { disagreements } from './compare.js'
import { type Comparison, type Evidence, sortedJson, type Verdict } from './evidence.js'
import { allPassed, type Gate, gatesOf } from './gates.js'
import { countNames } from './schema.js'

const word = (passed: boolean): string => (passed ? 'PASS' : 'FAIL')

/** Evidence and how it is judged, as markdown for people. `source` is where the evidence is. */
export function summaryMarkdown(evidence: Evidence, source: string): string {
  const gates = gatesOf(evidence)
  const verdicts = [...evidence.verdicts].sort((a, b) => (a.scenario < b.scenario ? -1 : 1))
  const failed = gates.filter(({ passed }) => !passed)
  return [
    '# Worker-failure semantics',
    '',
    `**${word(allPassed(gates))}**: ${gates.length - failed.length} of ${gates.length} gates passed, ` +
      `${verdicts.filter(({ passed }) => passed).length} of ${verdicts.length} scenarios held.`,
    '',
    '## Run configuration',
    '',
    ...configurationLines(evidence),
    '## Gates',
    '',
    ...table(
      ['gate', 'result', 'why'],
      gates.map(({ name, passed, reasons }) => [name, word(passed), reasons.join('; ')]),
    ),
    '## Evidence',
    '',
    `${cell(source)}: ${evidence.markers.length} marker lines, ${verdicts.length} verdict blocks, ` +
      `${evidence.seal === undefined ? 'no seal' : `sealed as ${evidence.seal.sha256}`}.`,
    '',
    '## Verdicts',
    '',
    ...table(
      ['scenario', 'result', 'N', 'attempts', 'dead letters', 'side effects', 'duplicates', 'redeliveries', 'why not'],
      verdicts.map(verdictRow),
    ),
    '## What was observed',
    '',
    ...table(
      ['scenario', 'jobs taken', 'completed', 'too early', 'failed', 'lost', 'most held by one worker', 'longest wait'],
      verdicts.map(heldRow),
    ),
    ...fabricLines(evidence.fabric),
    '## Model and reality',
    '',
    ...comparisonLines(evidence.comparison),
  ].join('\n')
}

function configurationLines({ configuration }: Evidence): readonly string[] {
  if (configuration === undefined) return ['None was found.', '']
  const rows = Object.entries(configuration).map(([name, value]) => [
    name.replaceAll('_', ' '),
    typeof value === 'string' ? value : sortedJson(value),
  ])
  return table(['setting', 'value'], rows)
}

function verdictRow({ scenario, title, passed, n, db_truth: truth, reasons }: Verdict): readonly string[] {
  const { attempts, dead_letter_rows, side_effect_rows, duplicates, redeliveries } = truth ?? {}
  const figures = [attempts, dead_letter_rows, side_effect_rows, duplicates, redeliveries]
  return [
    `${scenario} ${title}`,
    word(passed),
    String(n),
    ...figures.map((figure) => (figure === undefined ? 'unknown' : String(figure))),
    reasons.join('; '),
  ]
}

/** How workers took jobs from the engine, and how that ended: beside the settings, what they came to. */
function heldRow({ scenario, title, db_truth }: Verdict): readonly string[] {
  const { taken, completed, completed_early, failed, lost, most_held_by_one_worker: most } = db_truth?.holds ?? {}
  const sentinels = db_truth?.sentinels
  return [
    `${scenario} ${title}`,
    ...[taken, completed, completed_early, failed, lost, most].map((count) => String(count ?? 'unknown')),
    sentinels == null ? '' : `${sentinels.longest_wait_ms} ms, bound ${sentinels.wait_bound_ms} ms`,
  ]
}

function fabricLines(fabric: Evidence['fabric']): readonly string[] {
  if (fabric === undefined) return ['What the fabric was connected to was not observed.', '']
  const { database, engine_migration, workers, connections_elsewhere: elsewhere } = fabric
  return [
    `Database ${database.sha256} on Postgres ${cell(database.server_version)}, the engine's tables at version ${engine_migration}. ` +
      `${workers.with_session} of ${workers.started} workers had sessions there; connections elsewhere: ` +
      `${elsewhere.length === 0 ? 'none' : elsewhere.map(cell).join(', ')}.`,
    '',
  ]
}

function comparisonLines(comparison: readonly Comparison[] | undefined): readonly string[] {
  if (comparison === undefined) return ['Not compared.', '']
  return table(['scenario', 'count', 'model', 'reality', 'same'], comparison.flatMap(comparisonRows))
}

/** One row for each count of a scenario: what was predicted, what was counted. */
export function comparisonRows(comparison: Comparison): readonly (readonly string[])[] {
  const { scenario, predicted, observed } = comparison
  const different = disagreements(comparison)
  return countNames.map((name) => {
    const counted = observed === null ? 'unknown' : sortedJson(observed[name])
    return [scenario, name, sortedJson(predicted[name]), counted, different.includes(name) ? 'NO' : 'yes']
  })
}

/** The gates as plain lines, for a terminal. */
export function gateLines(gates: readonly Gate[]): readonly string[] {
  return gates.flatMap(({ name, passed, reasons }) => [
    `${word(passed)}  ${name}`,
    ...reasons.map((why) => `      ${why}`),
  ])
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

/** What stands in a log may be anything: it must not be able to become markup. */
function cell(text: string): string {
  return text.replace(/[\\|`<>*_[\]]/g, (mark) => `\\${mark}`).replace(/\s+/g, ' ')
}
