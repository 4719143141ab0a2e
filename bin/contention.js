#!/usr/bin/env node
// Left alone, Node ends in silence when all that is left is a promise that nobody keeps, and with success when a file that was
// loaded says `process.exit(0)`. Neither has checked anything.
let waiting = true
let why = 'a file that was loaded ended the process: the configuration, or one that it or the command names'
process.once('beforeExit', () => {
  why = 'waiting for a promise that is never kept: of the configuration, or of a file that it or the command names'
})
process.once('exit', (code) => {
  if (!waiting || code !== 0) return
  process.stderr.write(`error: ${why}\n`)
  process.exitCode = 2
})
import('../dist/main.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .catch((error) => {
    // Nothing that a command has foreseen: a file of the package is missing, or no more files may be opened.
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`)
    return 2
  })
  .then((code) => {
    process.exitCode = code
    waiting = false
  })
