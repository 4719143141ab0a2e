import type { ChalkInstance } from 'chalk'
import { grouped, table } from '../report/index.js'
import type { LimitProposal, Response, Standing, Trend, TunedScenario } from '../tune/index.js'

/** What was measured for each limit, how it stands, and what is proposed. */
export function tunedTerminal({ scenario, proposals }: TunedScenario, chalk: ChalkInstance): string {
  const rows = proposals.flatMap(limitRows)
  const lines = table(['', 'median', 'p95', 'max', 'limit', 'proposed', 'standing'], rows)
  const standings = proposals.flatMap(({ standing, spreads }) => spreads.map(() => standing))
  const coloured = lines.map((line, index) =>
    index === 0 ? chalk.dim(line) : colourOf(standings[index - 1], chalk)(line),
  )
  return `${chalk.bold(scenario)}\n${coloured.map((line) => `  ${line}\n`).join('')}\n`
}

function limitRows({ spreads, current, proposed, standing }: LimitProposal): readonly (readonly string[])[] {
  return spreads.map(({ metric, spread }) => [
    metric,
    grouped(spread.median),
    grouped(spread.p95),
    grouped(spread.max),
    current === undefined ? '-' : grouped(current),
    grouped(proposed),
    standing,
  ])
}

function colourOf(standing: Standing | undefined, chalk: ChalkInstance): (text: string) => string {
  if (standing === 'broken') return chalk.red
  if (standing === 'near' || standing === 'slack') return chalk.yellow
  return (text) => text
}

/** How metrics answer to one parameter: a row for each metric, a column for each value, median and (≤) maximum over the seeds. */
export function variedTerminal(
  scenario: string,
  parameter: { readonly name: string; readonly values: readonly number[]; readonly present: number },
  answers: readonly Response[],
  chalk: ChalkInstance,
): string {
  const header = parameter.values.map((value) => `${value}${value === parameter.present ? ' (now)' : ''}`)
  const rows = answers.map(({ metric, spreads, trend }) => [
    metric,
    ...spreads.map(({ median, max }) => (median === max ? grouped(median) : `${grouped(median)} ≤${grouped(max)}`)),
    trendText(trend),
  ])
  const lines = table([parameter.name, ...header, ''], rows)
  return `${chalk.bold(scenario)}\n${lines.map((line) => `  ${line}\n`).join('')}\n`
}

function trendText(trend: Trend): string {
  switch (trend.kind) {
    case 'lowest':
      return `lowest at ${trend.at}`
    case 'mixed':
      return ''
    default:
      return trend.kind
  }
}
