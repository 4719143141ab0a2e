import { shellWord } from '../../report/index.js'
import type { ExploreCliOptions, MeasureOptions, TuneOptions } from './options.js'

/** An option as it stands in a command, where it was given. */
export const optionText = (name: string, value: string | undefined): string =>
  value === undefined ? '' : ` --${name} ${shellWord(value)}`

type Values = { readonly [name: string]: number }

/** A run as far as `replay` has to be told of it. */
interface Replayed {
  readonly parameters: Values
  /** Those of the parameters that are not at their default: `replay` is given these anyway. */
  readonly overrides: Values
}

/**
 * What else `replay` has to be given to run something again: the files, limits and budgets it was run with, and the parameters
 * that are at their default though the configuration, with which `replay` starts, says otherwise.
 */
export function replayOptions(
  { parameters, overrides }: Replayed,
  {
    subject,
    config,
    budget,
    maxEvents,
    patience,
  }: Pick<MeasureOptions, 'subject' | 'config' | 'budget' | 'maxEvents' | 'patience'>,
  configured: Values = {},
): string {
  const back = Object.keys(configured).filter(
    (name) => !Object.hasOwn(overrides, name) && parameters[name] !== configured[name],
  )
  return [
    ...back.map((name) => optionText('param', `${name}=${parameters[name]}`)),
    optionText('subject', subject),
    optionText('config', config),
    optionText('budget', budget),
    optionText('max-events', maxEvents),
    optionText('patience', patience),
  ].join('')
}

/**
 * `explore` once more, with those of the options given that decide what is drawn and judged.
 * @param what scenarios, and options besides
 */
export function exploreText(
  what: readonly string[],
  {
    config,
    param = [],
    strategy,
    invariant = [],
    maxEvents,
    patience,
  }: Pick<ExploreCliOptions, 'config' | 'param' | 'strategy' | 'invariant' | 'maxEvents' | 'patience'>,
  subject: string | undefined,
): string {
  return [
    ['npx contention explore', ...what].join(' '),
    optionText('subject', subject),
    optionText('config', config),
    ...param.map((each) => optionText('param', each)),
    optionText('strategy', strategy),
    ...invariant.map((name) => optionText('invariant', name)),
    optionText('max-events', maxEvents),
    optionText('patience', patience),
  ].join('')
}

/** Limits are written of what `check` runs, which has the parameters of the configuration: what is to be done with others. */
export const parametersFirst = (param: readonly string[]): string =>
  `put ${param.join(', ')} into \`parameters\` of the configuration`

/**
 * `tune` once more, with those of the options given that decide what is proposed, and what it takes to write that; without
 * parameters, which are to be in the configuration then.
 */
export function tuneText(
  names: readonly string[],
  { subject, config, maxEvents, patience, seeds, fromSeed, headroom }: TuneOptions,
  raises: boolean,
): string {
  return [
    ['npx contention tune', ...names].join(' '),
    optionText('subject', subject),
    optionText('config', config),
    optionText('seeds', seeds),
    optionText('from-seed', fromSeed),
    optionText('headroom', headroom),
    optionText('max-events', maxEvents),
    optionText('patience', patience),
    ' --write',
    raises ? ' --reason "why more is acceptable"' : '',
  ].join('')
}

/** What gives a scenario a budget that has none. */
export function proposeText(scenario: string, { config, patience, subject }: MeasureOptions): string {
  const options = {
    ...(subject !== undefined && { subject }),
    ...(config !== undefined && { config }),
    ...(patience !== undefined && { patience }),
  }
  return `\`${tuneText([scenario], options, false)}\` proposes one`
}

/** A command of ours, with those of the options given that decide what is measured: another one measures something else. */
export function commandText(command: string, options: MeasureOptions): string {
  return [
    `npx contention ${command}`,
    optionText('subject', options.subject),
    optionText('config', options.config),
    optionText('budget', options.budget),
    optionText('seed', options.seed),
    ...(options.param ?? []).map((param) => optionText('param', param)),
    optionText('max-events', options.maxEvents),
    optionText('patience', options.patience),
  ].join('')
}
