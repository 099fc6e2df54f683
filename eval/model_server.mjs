// A model file behind an OpenAI-compatible address, by node-llama-cpp: node model_server.mjs FILE [WINDOW]
//
// It prints its address once it listens. One request is answered at a time, as one model has one context.
import { createServer } from "node:http";
import { cpus } from "node:os";
import { basename } from "node:path";
import { getLlama, LlamaChatSession } from "node-llama-cpp";

const [file, window] = process.argv.slice(2);
const name = basename(file, ".gguf");
// Threads wait for each other in a loop: one too many, beside other work, and all of them stand still.
const maxThreads = Math.max(1, cpus().length - 1);
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, maxThreads });
const model = await llama.loadModel({ modelPath: file });
const size = Math.min(Number(window ?? 4096), model.trainContextSize ?? 4096);
const context = await model.createContext({ contextSize: size });
const sequence = context.getSequence();
let turn = Promise.resolve();

async function said(body, onText, signal) {
  const prompt = body.messages.map((message) => message.content).join("\n\n");
  const tokens = model.tokenize(prompt).length;
  if (tokens + 64 > size) throw Object.assign(new Error(`the request exceeds the context size of ${size} tokens`), { status: 400, tokens });
  const schema = body.response_format?.json_schema?.schema;
  const grammar = schema ? await llama.createGrammarForJsonSchema(schema) : undefined;
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: "" });
  const limits = { maxTokens: body.max_tokens ?? 512, temperature: body.temperature ?? 0 };
  const done = await session.promptWithMeta(prompt, { ...limits, grammar, signal, onTextChunk: onText });
  session.dispose({ disposeSequence: false });
  const reason = done.stopReason === "maxTokens" ? "length" : "stop";
  return { text: done.responseText, reason, tokens, written: model.tokenize(done.responseText).length };
}

const usage = (done) => ({
  prompt_tokens: done.tokens, completion_tokens: done.written, total_tokens: done.tokens + done.written,
});
const form = (object, choice) => ({
  id: "1", object, created: Math.floor(Date.now() / 1000), model: name, choices: choice ? [{ index: 0, ...choice }] : [],
});
const send = (response, status, body) => {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
};

async function complete(body, response) {
  const leaving = new AbortController();
  response.on("close", () => leaving.abort());
  if (!body.stream) {
    const done = await said(body, undefined, leaving.signal);
    const message = { role: "assistant", content: done.text };
    send(response, 200, { ...form("chat.completion", { message, finish_reason: done.reason }), usage: usage(done) });
    return;
  }
  const event = (data) => {
    if (!response.headersSent) response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(data)}\n\n`);
  };
  const chunk = (delta, reason = null) => event(form("chat.completion.chunk", { delta, finish_reason: reason }));
  const done = await said(body, (content) => chunk({ content }), leaving.signal);
  chunk({}, done.reason);
  event({ ...form("chat.completion.chunk"), usage: usage(done) });
  response.end("data: [DONE]\n\n");
}

async function answer(request, response) {
  if (request.method === "GET" && request.url === "/v1/models") {
    send(response, 200, { object: "list", data: [{ id: name, object: "model", max_model_len: size }] });
    return;
  }
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    send(response, 404, { error: { message: "There is nothing here." } });
    return;
  }
  let text = "";
  for await (const piece of request) text += piece;
  const own = turn.then(() => complete(JSON.parse(text), response));
  turn = own.catch(() => {});
  await own;
}

const server = createServer((request, response) => {
  answer(request, response).catch((fault) => {
    if (response.headersSent) response.destroy();
    else send(response, fault.status ?? 500, { error: { message: fault.message } });
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
