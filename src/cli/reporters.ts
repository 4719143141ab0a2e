import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Chalk } from 'chalk'
import { fileError, writeAtomically } from '../gate/index.js'
import { InputError, nearest } from '../input/index.js'
import {
  githubAnnotations,
  type Report,
  reportAnnotations,
  reportJson,
  reportJunit,
  reportMarkdown,
  reportTerminal,
} from '../report/index.js'
import type { Io } from './io.js'

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

/**
 * `--reporter name[=file]`, any number of times. `--output` is the file of the one reporter that names none.
 * @throws InputError for unknown names, for an output nobody writes to or two do, and for a folder as output
 */
export function resolveReporters(io: Io, options: ReporterOptions): readonly Reporting[] {
  const typed = options.reporter ?? [options.json ? 'json' : 'terminal']
  const reporters = typed.map((text): Reporting => {
    const [name = '', file] = splitOnce(text, '=')
    if (!isReporter(name)) {
      const near = nearest(name, names)
      throw new InputError({
        what: `there is no reporter "${name}"`,
        expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${names.join(', ')}`,
      })
    }
    return { name, file: file === undefined ? undefined : fileOf(io, file) }
  })
  return refuseFolders(directOutput(io, reporters, options.output))
}

/** Shows `report` in every way that was asked for. Files are written whole or not at all, what is no file as far as it goes. */
export function show(io: Io, report: Report, reporters: readonly Reporting[], quiet: boolean): void {
  for (const { name, file } of reporters) {
    const colorLevel = file === undefined ? io.stdout.colorLevel : 0
    const text = render(name as ReporterName, report, colorLevel, quiet)
    if (file === undefined) io.stdout.write(text)
    else writeAtomically(file, text)
  }
}

function render(name: ReporterName, report: Report, colorLevel: 0 | 1 | 2 | 3, quiet: boolean): string {
  switch (name) {
    case 'terminal':
      return reportTerminal(report, { chalk: new Chalk({ level: colorLevel }), quiet })
    case 'markdown':
      return reportMarkdown(report)
    case 'json':
      return reportJson(report)
    case 'junit':
      return reportJunit(report)
    case 'github':
      return githubAnnotations(reportAnnotations(report))
  }
}

function directOutput(io: Io, reporters: readonly Reporting[], output: string | undefined): readonly Reporting[] {
  const toStdout = reporters.filter(({ file }) => file === undefined)
  if (output === undefined) {
    const [one, two] = toStdout
    if (one !== undefined && two !== undefined && two.name !== 'github') {
      throw new InputError({
        what: `the reporters ${one.name} and ${two.name} would both write to stdout`,
        expected: `a file for one of them, as in --reporter ${two.name}=FILE`,
      })
    }
    return reporters
  }
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

/** The file that a path names: none for another name of stdout, whose text goes the way that stdout goes. */
function fileOf(io: Io, path: string): string | undefined {
  const file = resolve(io.cwd, path)
  return file === '/dev/stdout' ? undefined : file
}

function refuseFolders(reporters: readonly Reporting[]): readonly Reporting[] {
  for (const { file } of reporters) {
    if (file === undefined || !isFolder(file)) continue
    throw new InputError({ what: `cannot write ${file}`, file, found: 'a directory', expected: 'the path of a file' })
  }
  return reporters
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
