// A discv4 peer of @ethereumjs/devp2p at an address of loopback, until its input ends.
//
//   dpt_peer.mjs SECRET_HEX IP PORT [BOOT_IP:PORT]...
//
// Prints JSON, a line each: {"id": …} once it listens, which is its public key; {"known": [ip:port, …]} whenever that
// changes; {"by": ip:port, "told": [ip:port, …]} for each answer to a FindNode, of which it sends one a second to each
// that it knows.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto // which node 18 has not
const { DPT } = await import('@ethereumjs/devp2p')

const [secret, address, port, ...boot] = process.argv.slice(2)
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const text = (peer) => `${peer.address}:${peer.udpPort}`
// It takes peers at one address and TCP port for one, so each has a TCP port of its own.
const at = (ip, udp) => ({ address: ip, udpPort: Number(udp), tcpPort: Number(udp) })

const own = at(address, port)
const dpt = new DPT(Buffer.from(secret, 'hex'), { endpoint: own, refreshInterval: 1000 })
// It takes itself for a peer when it is told of itself.
const others = (peers) => peers.map(text).filter((each) => each !== text(own))
const sayKnown = () => say({ known: others(dpt.getPeers()) })

// It does not say who told it of peers; those of an answer come while that is handled, others later.
const server = dpt._server
const handle = server._handler.bind(server)
let answering = null
server._handler = (message, from) => {
  answering = `${from.address}:${from.port}`
  try {
    handle(message, from)
  } finally {
    answering = null
  }
}
server.events.on('peers', (peers) => {
  if (answering !== null) say({ by: answering, told: others(peers) })
})

dpt.events.on('listening', () => {
  say({ id: Buffer.from(dpt.id).toString('hex') })
  for (const each of boot) dpt.bootstrap(at(...each.split(':')))
})
dpt.events.on('peer:added', sayKnown)
dpt.events.on('peer:removed', sayKnown)
// Packets that it does not know (ENRRequest), and peers that do not answer.
dpt.events.on('error', (error) => say({ error: error.message }))
dpt.bind(Number(port), address)
process.stdin.on('end', () => process.exit()).resume()
