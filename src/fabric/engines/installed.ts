import { createRequire } from 'node:module'
import { StoreError } from '../../stores/store-error.js'

const require = createRequire(import.meta.url)

/**
 * Looks for all that is needed before any of it is loaded: who has none of it is told so once.
 * @throws StoreError that names all that is missing, and the one command that installs it
 */
export function refuseMissing(packages: readonly string[]): void {
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  throw new StoreError({
    what: `the fabric needs what is not installed: ${missing.join(', ')}`,
    store: 'the fabric',
    expected: packages.join(', '),
    todo: `npm install --save-dev ${missing.join(' ')}`,
  })
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch (error) {
    // What is there, but not for `require`, is told by whoever loads it.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND'
  }
}

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
