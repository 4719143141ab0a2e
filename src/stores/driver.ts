import { StoreError } from './store-error.js'

/**
 * The first of `packages` that is installed: drivers are the user's to choose and to install.
 * @throws StoreError that names the command which installs one
 */
export async function importDriver(
  store: string,
  packages: readonly string[],
): Promise<{ readonly name: string; readonly module: Readonly<Record<string, unknown>> }> {
  for (const name of packages) {
    try {
      return { name, module: await loaded(name) }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_BUILTIN_MODULE'
      // Vite, and Vitest with it, put a module in the place of an optional peer that is not installed; it throws this.
      const standIn = message.startsWith(`Could not resolve "${name}"`)
      if (standIn || (missing && message.includes(name))) continue
      throw new StoreError(
        {
          what: `${name}, the driver for ${store}, is installed but does not load`,
          store,
          found: message.split('\n')[0] ?? message,
          todo: `npm rebuild ${name}, or install it anew`,
        },
        { cause: error },
      )
    }
  }
  throw new StoreError({
    what: `the driver for ${store} is not installed`,
    store,
    expected: packages.filter((name) => !name.startsWith('node:')).join(' or '),
    todo: `npm install --save-dev ${packages[0]}`,
  })
}

/**
 * While it loads, `pg` asks which runtime this is: of `navigator`, which Node has from 21 on, or else of `Response`, for which
 * Node 20 loads all of its `fetch`. In every worker of the fabric that is a sixth of the time until it is ready.
 */
async function loaded(name: string): Promise<Readonly<Record<string, unknown>>> {
  if ('navigator' in globalThis) return import(name)
  const value = { userAgent: 'Node.js' }
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true })
  try {
    return await import(name)
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator')
  }
}
