import { fstatSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Scenario } from '../../scenario/index.js'
import type { Subject } from '../../subject/index.js'
import type { Interrupt } from './interrupt.js'

/** A stream that a command prints to. */
export interface Sink {
  /** Whether what is on a line can be taken away again, as progress is: on a terminal that knows how to. */
  readonly redraws: boolean
  /** Colours it can show: 0 none, 1 sixteen, 2 two hundred and fifty-six, 3 all. */
  readonly colorLevel: 0 | 1 | 2 | 3
  /** How wide it is; undefined where that is not known. */
  readonly columns: number | undefined
  write(text: string): void
  /** Whether all that was written has reached somebody: not when a reader has gone, as `head` does, or a disk is full. */
  delivered(): Promise<boolean>
  /** Why not all of it was, where that is an error: a reader who has gone, as `head` does, wants no more. */
  readonly lost: string | undefined
}

/** All that a command knows of the process around it, so that it can be tested without one. */
export interface Io {
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  /** How many threads can run at once. */
  readonly cores: number
  readonly stdout: Sink
  readonly stderr: Sink
  /**
   * Puts a subject under watch, where the command runs in a thread that can be ended: a subject that hangs is then told by its
   * name, and by `where` it was asked.
   */
  readonly watch?: (subject: Subject, where?: string) => Subject
  /** Puts a scenario under watch in the same way. */
  readonly watchScenario?: (scenario: Scenario) => void
  /** Notes signals, where the command runs in a thread, which hears none itself. */
  readonly onInterrupt?: () => Pick<Interrupt, 'happened' | 'dispose'>
}

/** `subject`, under watch where there is one. */
export function onWatch(io: Io, subject: Subject, where?: string): Subject {
  return io.watch === undefined ? subject : io.watch(subject, where)
}

/** Puts `scenarios` under watch where there is one. */
export function onScenarioWatch(io: Io, scenarios: readonly Scenario[]): void {
  for (const scenario of scenarios) io.watchScenario?.(scenario)
}

/**
 * The colours a stream gets. `NO_COLOR` (no-color.org: any value but an empty one), `--no-color` and `TERM=dumb` take them
 * away; `FORCE_COLOR` gives them to a stream that is no terminal; otherwise a terminal has them and a file does not.
 */
export function colorLevel(env: Io['env'], isTTY: boolean, noColorOption: boolean): Sink['colorLevel'] {
  const { NO_COLOR, FORCE_COLOR, TERM, COLORTERM } = env
  if (noColorOption || (NO_COLOR !== undefined && NO_COLOR !== '')) return 0
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') {
    if (FORCE_COLOR === 'false') return 0
    const level = Number(FORCE_COLOR)
    return level === 0 || level === 1 || level === 2 || level === 3 ? level : 1
  }
  if (!isTTY || TERM === 'dumb') return 0
  if (COLORTERM === 'truecolor' || COLORTERM === '24bit') return 3
  return TERM?.includes('256') ? 2 : 1
}

/** The process's own surroundings. Without a reader any more (`contention run | head`) there is nothing left to say. */
export function processIo(argv: readonly string[]): Io {
  const noColor = argv.includes('--no-color')
  const sink = (stream: NodeJS.WriteStream, fd: number): Sink => {
    let open = true
    let lost: string | undefined
    const failed = ({ code, message }: NodeJS.ErrnoException): void => {
      open = false
      if (code !== 'EPIPE') lost = message
    }
    stream.on('error', failed)
    const toFile = isFile(fd)
    return {
      redraws: stream.isTTY === true && process.env['TERM'] !== 'dumb',
      colorLevel: colorLevel(process.env, stream.isTTY === true, noColor),
      columns: stream.columns,
      write: (text) => {
        if (!open) return
        if (!toFile) {
          stream.write(text)
          return
        }
        try {
          // The stream takes a write that was cut short, as on a disk that is nearly full, for a whole one.
          writeFileSync(fd, text)
        } catch (error) {
          failed(error as NodeJS.ErrnoException)
        }
      },
      delivered: async () => {
        if (open) await new Promise((resolve) => stream.write('', resolve))
        return open
      },
      get lost() {
        return lost
      },
    }
  }
  return {
    cwd: process.cwd(),
    env: process.env,
    cores: availableParallelism(),
    stdout: sink(process.stdout, 1),
    stderr: sink(process.stderr, 2),
  }
}

/** Whether `fd` leads into a file; one that is closed leads nowhere. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}
