// The part of sandbox-agent inside Amp: it asks the bridge before a tool runs,
// and gives the model a tool to ask the person. It holds no decision of its
// own; when the bridge doesn't answer, the call is refused.
import net from 'node:net'

const CHANNEL = '{{channel}}'
const address = process.env[CHANNEL] ?? ''
delete process.env[CHANNEL] // for what the plugin's process may start

type Answer = { action: 'allow' | 'reject' | 'answer'; text?: string; report?: boolean }

// The calls whose results the bridge wants to hear of: those of sub-agents,
// which Amp prints nothing of.
const reported = new Set<string>()

function send(request: unknown) {
	const [host, secret] = address.split('/')
	const [name, port] = host.split(':')
	const socket = net.connect({ host: name, port: Number(port) }, () => {
		socket.write(JSON.stringify({ secret, request }) + '\n')
	})
	return socket
}

function consult(request: unknown): Promise<Answer> {
	return new Promise((resolve, reject) => {
		let reply = ''
		const socket = send(request)
		socket.setEncoding('utf8')
		socket.on('data', (piece: string) => {
			reply += piece
			if (!reply.endsWith('\n')) return
			socket.end()
			try {
				resolve(JSON.parse(reply))
			} catch (error) {
				reject(error)
			}
		})
		socket.on('error', reject)
		socket.on('close', () => reject(new Error('the bridge gave no answer')))
	})
}

// While this process lives it holds one connection open. Amp asks nobody any more
// when it has ended, so the bridge has to know at once. When Amp is done with it,
// a byte says so.
function live(amp: any) {
	const socket = send({ kind: 'alive' })
	socket.on('error', () => {}) // then no other question reaches the bridge either
	socket.resume() // it says nothing
	socket.unref()
	amp.onDispose?.(() => new Promise<void>((done) => {
		socket.once('close', () => done())
		socket.end('\n', done)
	}))
}

export const description = 'Lets the client of sandbox-agent decide and answer'

export default function (amp: any) {
	if (address === '') return // not a session of ours
	live(amp)
	amp.registerTool({
		name: '{{tool}}',
		description: {{description}},
		inputSchema: {{schema}},
		// Never called: the answer is given to the tool.call event below, which
		// knows the call's id.
		async execute() {
			throw new Error('the person can not be asked now')
		},
	})
	const tell = (event: any, result: object) =>
		consult({ kind: 'result', tool: event.tool, tool_use_id: event.toolUseID, ...result }).catch(() => {})

	amp.on('tool.call', async (event: any) => {
		const asks = event.tool === '{{tool}}'
		let answer: Answer
		try {
			answer = await consult({
				kind: asks ? 'question' : 'tool',
				tool: event.tool,
				input: event.input,
				tool_use_id: event.toolUseID,
			})
		} catch (error) {
			return { action: 'reject-and-continue', message: String(error) }
		}
		switch (answer.action) {
			case 'allow':
				if (answer.report) reported.add(event.toolUseID)
				return { action: 'allow' }
			case 'answer':
				return { action: 'synthesize', result: { output: answer.text ?? '' } }
			default:
				if (answer.report) await tell(event, { status: 'error', error: answer.text ?? '' })
				return { action: 'reject-and-continue', message: answer.text ?? '' }
		}
	})
	amp.on('tool.result', async (event: any) => {
		if (!reported.delete(event.toolUseID)) return
		await tell(event, { status: event.status, output: event.output, error: event.error })
	})
}
