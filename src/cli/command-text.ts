import type { CommonOptions } from './options.js'

/** A word as a POSIX shell takes it: in quotes only where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** An option as it stands in a command, where it was given. */
export const optionText = (name: string, value: string | undefined): string =>
  value === undefined ? '' : ` --${name} ${shellWord(value)}`

/** A command of ours, with those of the options given that decide what is measured: another one measures something else. */
export function commandText(command: string, options: CommonOptions): string {
  const given: readonly (readonly [option: string, value: string | undefined])[] = [
    ['--config', options.config],
    ['--budget', options.budget],
    ['--seed', options.seed],
    ...(options.param ?? []).map((param) => ['--param', param] as const),
    ['--max-events', options.maxEvents],
  ]
  const words = given.flatMap(([option, value]) => (value === undefined ? [] : [option, shellWord(value)]))
  return ['npx contention', command, ...words].join(' ')
}
