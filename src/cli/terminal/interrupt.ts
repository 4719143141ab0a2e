import { endSignals } from '../../stores/index.js'

/** Whether the user, or the system, wants the command to end. */
export interface Interrupt {
  readonly happened: boolean
  /** Aborted as soon as it has happened. */
  readonly signal: AbortSignal
  /** From here on a signal ends the process, as it does without us. */
  dispose(): void
}

export interface InterruptOptions {
  /** What a second signal does, instead of ending the process as it does without us. */
  readonly onSecond?: (signalNumber: number) => void
}

/**
 * The first signal is noted, so that a command can end in good order; a second one ends the process. A hang-up is one as well:
 * Node ends at it even when `nohup` has started it, so that nobody can mean to go on.
 */
export function onInterrupt({ onSecond }: InterruptOptions = {}): Interrupt {
  const abort = new AbortController()
  const dispose = () => {
    for (const signal of endSignals) process.removeListener(signal, listener)
  }
  const listener = (_name: NodeJS.Signals, signalNumber: number) => {
    if (abort.signal.aborted) onSecond?.(signalNumber)
    abort.abort()
    if (onSecond === undefined) dispose()
  }
  for (const signal of endSignals) process.on(signal, listener)
  return {
    get happened() {
      return abort.signal.aborted
    },
    signal: abort.signal,
    dispose,
  }
}
