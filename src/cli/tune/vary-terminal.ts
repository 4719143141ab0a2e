import type { ChalkInstance } from 'chalk'
import { grouped, table } from '../../report/index.js'
import type { Response, Seeds, Trend } from '../../tune/index.js'

/** How the metrics of one scenario answer. */
export interface Varied {
  readonly scenario: string
  /** The value that the parameter has when it is not varied. */
  readonly present: number
  readonly responses: readonly Response[]
}

export interface Variation {
  readonly parameter: string
  readonly values: readonly number[]
  readonly seeds: Seeds
  readonly scenarios: readonly Varied[]
  /** Those that were selected and do not have the parameter. */
  readonly without: readonly string[]
}

/** What fits on a terminal of a hundred columns: wider tables are cut into several, one below the other. */
const COLUMNS = 100

/** How metrics answer to one parameter: a row for each value, and a line that sums each metric up. */
export function variedTerminal(
  { parameter, values, seeds, scenarios, without }: Variation,
  chalk: ChalkInstance,
): string {
  const lines = scenarios.flatMap(({ scenario, present, responses }): readonly string[] => {
    const rows = values.map((value) => `${grouped(value)}${value === present ? ' (now)' : ''}`)
    const now = values.indexOf(present)
    const tables = columnGroups(rows, parameter, responses.map(columnOf)).map(([header = '', ...body]) => [
      chalk.dim(header),
      ...body.map((line, index) => (index === now ? chalk.bold(line) : line)),
      '',
    ])
    const width = Math.max(0, ...responses.map(({ metric }) => metric.length))
    const untold = responses.some(({ trend }) => trend.kind === 'untold')
    const answers = untold
      ? [`  no trend: ${values.length < 2 ? 'it takes two values' : 'it takes six seeds'} at the least`]
      : responses.map(({ metric, trend }) => `  ${metric.padEnd(width)}  ${trendText(trend)}`)
    return [
      `${chalk.bold(scenario)}  ${parameter} is ${grouped(present)} now`,
      ...tables.flat().map((line) => (line === '' ? '' : `  ${line}`)),
      ...(answers.length === 0 ? ['  every metric is 0, whatever its value'] : answers),
      '',
    ]
  })
  const leftOut = without.map((scenario) => `left out: ${scenario} has no parameter ${parameter}\n`)
  return `${lines.join('\n')}\n${leftOut.join('')}median ≤maximum over seeds ${seeds.from} to ${seeds.to}, twice each\n`
}

/** A metric's name, and its cell for each value: median, and maximum where that is another. */
function columnOf({ metric, spreads }: Response): readonly string[] {
  return [
    metric,
    ...spreads.map(({ median, max }) => (median === max ? grouped(median) : `${grouped(median)} ≤${grouped(max)}`)),
  ]
}

/** As many tables as it takes for each to fit, every one with the parameter's values in front. */
function columnGroups(
  rows: readonly string[],
  parameter: string,
  columns: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const widthOf = (column: readonly string[]): number => Math.max(...column.map((cell) => cell.length)) + 2
  const room = COLUMNS - widthOf([parameter, ...rows])
  const groups: (readonly string[])[][] = []
  let used = room
  for (const column of columns) {
    used += widthOf(column)
    if (used > room || groups.length === 0) {
      groups.push([])
      used = widthOf(column)
    }
    groups.at(-1)?.push(column)
  }
  return groups.map((group) =>
    table(
      [parameter, ...group.map(([metric = '']) => metric)],
      rows.map((row, index) => [row, ...group.map((column) => column[index + 1] as string)]),
    ),
  )
}

function trendText(trend: Trend): string {
  switch (trend.kind) {
    case 'flat':
      return 'hardly changes'
    case 'lowest':
      return trend.from === trend.to
        ? `lowest at ${grouped(trend.from)}`
        : `lowest from ${grouped(trend.from)} to ${grouped(trend.to)}`
    case 'unclear':
    case 'untold':
      return 'no clear trend'
    default:
      return trend.kind
  }
}
