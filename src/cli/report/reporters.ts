import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Chalk } from 'chalk'
import { fileError, writeAtomically } from '../../gate/index.js'
import { InputError, nearest } from '../../input/index.js'
import {
  githubAnnotations,
  type Report,
  reportAnnotations,
  reportJson,
  reportJunit,
  reportMarkdown,
  reportTerminal,
  type TerminalOptions,
} from '../../report/index.js'
import type { LeftOut } from '../options/lacking.js'
import type { Io } from '../terminal/io.js'

export interface ReporterOptions {
  readonly reporter?: readonly string[]
  readonly output?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** A way to show a report, and the file it goes to: stdout when there is none. */
export interface Reporting {
  readonly name: string
  readonly file: string | undefined
}

const names = ['terminal', 'markdown', 'json', 'junit', 'github'] as const
type ReporterName = (typeof names)[number]

/** Those whose text is lines that may stand among others; that of the others is a document. */
const lineByLine: readonly string[] = ['terminal', 'github'] satisfies readonly ReporterName[]

/**
 * `--reporter name[=file]`, any number of times. `--output` is the file of the one reporter that names none. Stdout is for one
 * document, or for what is read line by line: `terminal`, `github`, or both; a file is for one reporter.
 * @throws InputError for unknown names, for an output nobody writes to or two do, for a folder as output, and for `--json` beside
 * a reporter that writes to stdout too
 */
export function resolveReporters(io: Io, options: ReporterOptions): readonly Reporting[] {
  const reporters = directOutput(io, namedReporters(io, options), options.output)
  refuseSharedStdout(reporters)
  refuseSharedFile(reporters)
  refuseFolders(reporters)
  return reporters
}

function namedReporters(io: Io, { reporter: typed, json }: ReporterOptions): readonly Reporting[] {
  if (typed === undefined) return [{ name: json ? 'json' : 'terminal', file: undefined }]
  const reporters = typed.map((text) => reporterOf(io, text))
  if (!json) return reporters
  if (reporters.some(({ file }) => file === undefined)) {
    throw new InputError({
      what: '--json and --reporter both say what goes to stdout',
      found: `--json --reporter ${typed.join(' --reporter ')}`,
      expected: 'one of them, or a file for the reporter, as in --reporter junit=FILE',
      todo: 'leave --json away: --reporter json is the same',
    })
  }
  return [{ name: 'json', file: undefined }, ...reporters]
}

/** `name`, or `name=file`. */
function reporterOf(io: Io, text: string): Reporting {
  const [name = '', file] = splitOnce(text, '=')
  if (!isReporter(name)) {
    const near = nearest(name, names)
    throw new InputError({
      what: `there is no reporter "${name}"`,
      expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${names.join(', ')}`,
    })
  }
  if (file === '')
    throw new InputError({ what: `--reporter ${text} names no file`, expected: `--reporter ${name}=FILE` })
  return { name, file: file === undefined ? undefined : fileOf(io, file) }
}

interface Shown extends Omit<TerminalOptions, 'chalk'> {
  /** The name of what was measured; undefined for the built-in subject. */
  readonly subject: string | undefined
  readonly leftOut: readonly LeftOut[]
}

/** Shows `report` in every way that was asked for. Files are written whole or not at all, what is no file as far as it goes. */
export function show(io: Io, report: Report, reporters: readonly Reporting[], shown: Shown): void {
  for (const { name, file } of reporters) {
    const colorLevel = file === undefined ? io.stdout.colorLevel : 0
    const text = render(name as ReporterName, report, colorLevel, shown)
    if (file === undefined) io.stdout.write(text)
    else writeAtomically(file, text)
  }
}

function render(
  name: ReporterName,
  report: Report,
  colorLevel: 0 | 1 | 2 | 3,
  { subject, leftOut, ...shown }: Shown,
): string {
  switch (name) {
    case 'terminal':
      return reportTerminal(report, { ...shown, chalk: new Chalk({ level: colorLevel }) })
    case 'markdown':
      return reportMarkdown(report, subject)
    case 'json':
      return reportJson(report, { subject, leftOut })
    case 'junit':
      return reportJunit(report)
    case 'github':
      return githubAnnotations(reportAnnotations(report))
  }
}

function directOutput(io: Io, reporters: readonly Reporting[], output: string | undefined): readonly Reporting[] {
  if (output === undefined) return reporters
  if (output === '') throw new InputError({ what: '--output is empty', expected: 'the path of a file' })
  const toStdout = reporters.filter(({ file }) => file === undefined)
  const [only] = toStdout
  if (only === undefined || toStdout.length > 1) {
    throw new InputError({
      what: `--output ${output} is the file of ${only === undefined ? 'no reporter' : `${toStdout.length} reporters`}`,
      expected: 'one reporter without a file of its own; others take --reporter name=FILE',
    })
  }
  const file = fileOf(io, output)
  return reporters.map((reporter) => (reporter === only ? { ...reporter, file } : reporter))
}

function refuseSharedStdout(reporters: readonly Reporting[]): void {
  const toStdout = reporters.filter(({ file }) => file === undefined).map(({ name }) => name)
  const document = toStdout.findLast((name) => !lineByLine.includes(name))
  const twice = toStdout.find((name, at) => toStdout.indexOf(name) < at)
  const tooMuch = document ?? twice
  if (toStdout.length < 2 || tooMuch === undefined) return
  throw new InputError({
    what: `the reporters ${toStdout.join(' and ')} would ${toStdout.length === 2 ? 'both' : 'all'} write to stdout`,
    expected: `a file for one of them, as in --reporter ${tooMuch}=FILE`,
  })
}

function refuseSharedFile(reporters: readonly Reporting[]): void {
  for (const one of reporters) {
    const last = reporters.findLast(({ file }) => file === one.file)
    if (one.file === undefined || last === undefined || last === one) continue
    throw new InputError({
      what: `the reporters ${one.name} and ${last.name} would both write to one file`,
      file: one.file,
      expected: 'a file for each of them',
    })
  }
}

/** The file that a path names: none for another name of stdout, whose text goes the way that stdout goes. */
function fileOf(io: Io, path: string): string | undefined {
  const file = resolve(io.cwd, path)
  return file === '/dev/stdout' ? undefined : file
}

function refuseFolders(reporters: readonly Reporting[]): void {
  for (const { file } of reporters) {
    if (file === undefined || !isFolder(file)) continue
    throw new InputError({ what: `cannot write ${file}`, file, found: 'a directory', expected: 'the path of a file' })
  }
}

function isFolder(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
  } catch (error) {
    throw fileError(error, file, 'write')
  }
}

function isReporter(name: string): name is ReporterName {
  return (names as readonly string[]).includes(name)
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
