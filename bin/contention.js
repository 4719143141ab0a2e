#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Most commands live for half a second, most of it in code that is not optimized yet. Smaller units are optimized sooner:
// the default matrix takes 80 ms less of 530. What runs for long is better off without: exploration is a sixth faster.
const LONG = ['explore', 'tune']
if (!LONG.includes(process.argv[2])) setFlagsFromString('--max-inlined-bytecode-size-cumulative=150')

// Node ends in silence when all that is left is a promise that nobody keeps: of a configuration or a scenario, say.
const forsaken = () => {
  process.stderr.write(
    'error: waiting for a promise that is never kept: of the configuration, or of a file that it names\n',
  )
  process.exitCode = 2
}
process.once('beforeExit', forsaken)
const { main } = await import('../dist/main.js')
const code = await main(process.argv.slice(2))
process.removeListener('beforeExit', forsaken)
process.exitCode = code
