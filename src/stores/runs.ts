import type { MintToken } from '../lease/index.js'
import type { Core } from './core.js'
import type { OpenStore } from './store.js'
import { storedCore } from './stored-core.js'

/** One run after another in one namespace of `open`: each begins with nothing in it. */
export function runsOn(open: OpenStore, namespace: string): (mint: MintToken) => Core {
  const store = open.namespace(namespace)
  let used = false
  return (mint) => {
    const core = storedCore(store, mint)
    let begun = false
    const begin = async (): Promise<void> => {
      begun = true
      if (used) await open.remove(namespace)
      used = true
    }
    return {
      execute: (command, nowMs) =>
        begun ? core.execute(command, nowMs) : begin().then(() => core.execute(command, nowMs)),
    }
  }
}
