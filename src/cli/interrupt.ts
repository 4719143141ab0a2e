/** Whether the user, or the system, wants the command to end. */
export interface Interrupt {
  readonly happened: boolean
  /** Aborted as soon as it has happened. */
  readonly signal: AbortSignal
  /** From here on a signal ends the process, as it does without us. */
  dispose(): void
}

export interface InterruptOptions {
  /** A hang-up as well: not for a command that somebody may have started with `nohup`, to go on without a terminal. */
  readonly hangUp?: boolean
  /** What a second signal does, instead of ending the process as it does without us. */
  readonly onSecond?: (signalNumber: number) => void
}

/** The first Ctrl-C, or SIGTERM, is noted, so that a command can end in good order; a second one ends the process. */
export function onInterrupt({ hangUp = false, onSecond }: InterruptOptions = {}): Interrupt {
  const signals = ['SIGINT', 'SIGTERM', ...(hangUp ? (['SIGHUP'] as const) : [])] as const
  const abort = new AbortController()
  const dispose = () => {
    for (const signal of signals) process.removeListener(signal, listener)
  }
  const listener = (_name: NodeJS.Signals, signalNumber: number) => {
    if (abort.signal.aborted) onSecond?.(signalNumber)
    abort.abort()
    if (onSecond === undefined) dispose()
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    get happened() {
      return abort.signal.aborted
    },
    signal: abort.signal,
    dispose,
  }
}
