import { dirname, normalize } from 'node:path'
import { mayHoldPassword, shownOf } from '../../input/secret.js'

/**
 * A text without what `argv` holds that may be a password: a URL may have been given where none is asked for, or for an option
 * that is misspelt, and is not to be repeated. What we advise is ours, and may begin alike.
 */
export function withoutPasswordsOf(argv: readonly string[]): (text: string) => string {
  const given = argv.flatMap(valuesIn).flatMap(formsOf).filter(mayHoldPassword)
  return (text) => {
    const advice = text.search(/\n {2}(expected|to do): /)
    const [told, advised] = advice < 0 ? [text, ''] : [text.slice(0, advice), text.slice(advice)]
    return given.reduce((rest, each) => rest.replaceAll(each, shownOf(each)), told) + advised
  }
}

/** An argument, and what stands in it for an option, or for a name before an =: `--reporter=json=file`. */
function valuesIn(argument: string): readonly string[] {
  const value = argument.replace(/^(--)?[\w-]+=/, '')
  return value === argument ? [argument] : [argument, ...valuesIn(value)]
}

/** How `given` may be told: as it was typed, or as the path that it was taken for, in which // is /, or one of its folders. */
function formsOf(given: string): readonly string[] {
  const forms = [given]
  let path = normalize(given).replace(/^(\.\.[\\/])+/, '')
  for (; mayHoldPassword(path); path = dirname(path)) forms.push(path)
  return forms
}
