// Asks the local server. What it refuses comes back as an error with its one line.

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function ask(address, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return answered(await reach(fetch(address, options)));
}

async function reach(asked) {
  try {
    return await asked;
  } catch {
    throw new Refused("The program does not answer any more; start it again. Nothing that was kept is lost.", 0);
  }
}

export async function answered(response) {
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let message = text.trim();
  try {
    message = JSON.parse(text).error;
  } catch {
    // plain words already
  }
  throw new Refused(message, response.status);
}
