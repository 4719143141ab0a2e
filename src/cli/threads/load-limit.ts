import type { Load } from '../../config/index.js'
import { InputError } from '../../input/index.js'
import { givenText } from './hang.js'
import { startThread } from './thread.js'

/** Whoever is given so long for a command is given so many times that to be loaded: it has to be compiled, and what it imports. */
const LOADING = 6

/** Told of what a thread loads, calls `late` when one file does not come to an end. */
export function loadLimit(
  patienceMs: number,
  late: (error: InputError) => void,
): { heard(load: Load): void; clear(): void } {
  const limitMs = LOADING * patienceMs
  let timer: NodeJS.Timeout | undefined
  return {
    heard({ file, over }) {
      clearTimeout(timer)
      if (!over) timer = setTimeout(() => late(endless(file, limitMs)), limitMs)
    },
    clear: () => clearTimeout(timer),
  }
}

const endless = (file: string, limitMs: number): InputError =>
  new InputError({
    what: `${file} does not come to an end when it is loaded`,
    file,
    found: givenText(limitMs),
    expected: 'a module that loads',
    todo: 'mend that, or have more --patience',
  })

/** A project and its subjects: all of it can be copied. */
export interface ToLoad {
  readonly directory: string
  readonly configFile: string | undefined
  /** Instead of those of the configuration, where there are any. */
  readonly subjects: readonly string[]
}

/**
 * Loads them in a thread, for nothing but to see that it comes to an end: in the first thread nothing could end it. What
 * else is wrong with them shows when they are loaded in earnest.
 * @throws InputError
 */
export async function tryLoading(what: ToLoad, patienceMs: number): Promise<void> {
  // What they print is printed then.
  const thread = startThread('load-thread', { workerData: what, stdout: true, stderr: true })
  try {
    await new Promise<void>((resolve, reject) => {
      const limit = loadLimit(patienceMs, reject)
      thread.on('message', (load: Load) => limit.heard(load))
      thread.on('error', () => resolve())
      thread.on('exit', () => {
        limit.clear()
        resolve()
      })
    })
  } finally {
    await thread.terminate()
  }
}
