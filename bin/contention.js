#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Most commands live for half a second, most of it in code that is not optimized yet. Smaller units are optimized sooner:
// the default matrix takes 80 ms less of 530. What runs for long is better off without: exploration is a sixth faster.
const LONG = ['explore', 'tune']
if (!LONG.includes(process.argv[2])) setFlagsFromString('--max-inlined-bytecode-size-cumulative=150')

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
  .then((code) => {
    process.exitCode = code
    waiting = false
  })
