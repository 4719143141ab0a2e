#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Most commands live for half a second, most of it in code that is not optimized yet. Smaller units are optimized sooner:
// the default matrix takes 80 ms less of 530. What runs for long is better off without: exploration is a sixth faster.
const LONG = ['explore', 'tune']
if (!LONG.includes(process.argv[2])) setFlagsFromString('--max-inlined-bytecode-size-cumulative=150')

const { main } = await import('../dist/main.js')
process.exitCode = await main(process.argv.slice(2))
