// What the official client of OpenAI gets from the address in the first argument, as JSON: one object of all.
import OpenAI from "openai";

const [baseURL, question] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: question }];
const told = {};

told.models = [];
for await (const model of client.models.list()) told.models.push(model.id);

const whole = await client.chat.completions.create({ model: "assistant", messages });
told.completion = whole.choices[0].message;
told.usage = whole.usage;

told.streamed = "";
const stream = await client.chat.completions.create({ model: "assistant", messages, stream: true });
for await (const chunk of stream) told.streamed += chunk.choices[0]?.delta?.content ?? "";

const response = await client.responses.create({ model: "assistant", input: question });
told.response = { text: response.output_text, status: response.status, output: response.output };

told.events = [];
told.responseStreamed = "";
for await (const event of await client.responses.create({ model: "assistant", input: messages, stream: true })) {
  told.events.push(event.type);
  if (event.type === "response.output_text.delta") told.responseStreamed += event.delta;
}

const vectors = await client.embeddings.create({ model: "assistant-embedding", input: ["Fish.", "Oil."] });
told.vectors = vectors.data.map((row) => Array.from(row.embedding));

try {
  await client.chat.completions.create({ model: "assistant", messages: [] });
} catch (fault) {
  told.refusal = { status: fault.status, message: fault.message };
}

console.log(JSON.stringify(told));
