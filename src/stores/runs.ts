import type { MintToken } from '../lease/index.js'
import type { Core } from './core.js'
import type { OpenStore } from './store.js'
import { storedCore } from './stored-core.js'

/** One run after another in one namespace of `open`: each begins with nothing in it, the first as well: others may have run there before. */
export function runsOn(open: OpenStore, namespace: string): (mint: MintToken) => Core {
  const store = open.namespace(namespace)
  return (mint) => {
    const core = storedCore(store, mint)
    let begun = false
    let beginning: Promise<void> | undefined
    const begin = async (): Promise<void> => {
      await open.remove(namespace)
      begun = true
    }
    return {
      async execute(command, nowMs) {
        // Of several that are first at once, none may see what is just being removed.
        if (!begun) {
          beginning ??= begin().finally(() => {
            beginning = undefined
          })
          await beginning
        }
        return core.execute(command, nowMs)
      },
    }
  }
}
