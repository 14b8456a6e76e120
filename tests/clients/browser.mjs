// Pages of other origins that ask for answers, in Chromium. Prints one JSON object: by origin, what each way of asking came to.
import { chromium } from "playwright-core";

const [uri, executablePath, ...origins] = process.argv.slice(2);

const ask = async ({ uri, headers, method }) => {
  const query = '{ student(id: "S1") { id } }';
  const url = method === "GET" ? `${uri}?query=${encodeURIComponent(query)}` : uri;
  const body = method === "GET" ? undefined : JSON.stringify({ query });
  try {
    const response = await fetch(url, { method, headers, body });
    return { status: response.status, type: response.type, answer: await response.json() };
  } catch (error) {
    return { failed: error.name };
  }
};
const json = { "content-type": "application/json" };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const printed = {};
for (const origin of origins) {
  const page = await browser.newPage();
  await page.goto(origin);
  printed[origin] = {
    post: await page.evaluate(ask, { uri, method: "POST", headers: json }),
    get: await page.evaluate(ask, { uri, method: "GET", headers: { "apollo-require-preflight": "true" } }),
    otherHeader: await page.evaluate(ask, { uri, method: "POST", headers: { ...json, "x-own": "1" } }),
    simple: await page.evaluate(ask, { uri, method: "POST", headers: { "content-type": "text/plain" } }),
  };
  await page.close();
}
await browser.close();
console.log(JSON.stringify(printed));
