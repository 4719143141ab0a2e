import { createRequire } from 'node:module'
import { StoreError } from '../../stores/store-error.js'

const require = createRequire(import.meta.url)

/**
 * The version of an engine's package that is installed. The fabric asks the tables of an engine, which others may have made
 * differently.
 */
export function installedVersion(name: string, supported: RegExp, shown: string): string {
  const { version } = require(`${name}/package.json`) as { version: string }
  if (supported.test(version)) return version
  throw new StoreError({
    what: `${name} is installed in a version that the fabric does not know`,
    store: 'the fabric',
    found: version,
    expected: shown,
    todo: `npm install --save-dev ${name}@^${shown}`,
  })
}
