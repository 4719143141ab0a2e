import type { Chunk, Failure } from '../../explore/index.js'
import { InputError } from '../../input/index.js'

/** How long a subject may take to answer one command, unless it was said. */
export const PATIENCE_MS = 5_000

/** How a thread hangs: it waits for an answer that does not come, or is in a loop. */
export type Hang = 'silent' | 'endless'

/** What a subject was asked; at no time, if it is not a command. */
export interface Asked {
  readonly what: string
  readonly atMs: number | undefined
}

/** How a subject hangs, in words. */
export function hangText(hang: Hang, { what, atMs }: Asked): string {
  const does = hang === 'silent' ? 'never answers' : 'loops for ever on'
  return `${does} ${what}${atMs === undefined ? '' : `, asked at ${atMs} ms of virtual time`}`
}

/** How long it was waited for, in words. */
export const givenText = (patienceMs: number): string => `it was given ${patienceMs / 1_000} s`

/** A subject that hangs in an exploration. */
export class SubjectHangs extends Error {
  override readonly name = 'SubjectHangs'
  readonly fault: Hang
  readonly command: string
  readonly atMs: number | undefined
  /** The seeds at which it was; undefined before the first. */
  readonly chunk: Chunk | undefined
  /** What had failed in these seeds before. */
  readonly found: readonly Failure[]
  /** It is a scenario of the user's own that hangs, and not the subject. */
  readonly inScenario: boolean

  constructor(
    fault: Hang,
    asked: Asked,
    { chunk, found, inScenario }: Pick<SubjectHangs, 'chunk' | 'found' | 'inScenario'>,
  ) {
    super(hangText(fault, asked))
    this.fault = fault
    this.command = asked.what
    this.atMs = asked.atMs
    this.chunk = chunk
    this.found = found
    this.inScenario = inScenario
  }
}

/** What is wrong with a scenario that loops without a `yield`. */
export function endlessScenario(what: string, found: string): InputError {
  return new InputError({
    what,
    found,
    expected: 'a `yield` in every loop that waits, and functions that return',
    todo: 'mend that, or have more --patience',
  })
}

/** How the code that a thread runs has ended it: by an error that nobody handled, or by its own will. */
export interface Death {
  readonly happened: 'failed by itself' | 'ended the process'
  readonly found: string
}

/** What is wrong when the code of `who` ended its thread, and where in it, if that is known. */
export function threadDied(who: string, { happened, found }: Death, during = ''): InputError {
  return new InputError({
    what: `${who} ${happened}${during}`,
    found,
    expected: 'functions that answer, and nothing else that goes on',
  })
}
