// Pages opened from the disk may not start workers, and the search is one: there it runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #ready;

    constructor(address) {
      super();
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.#ready = new Promise((loaded) => {
        const script = inside.document.createElement("script");
        script.src = new URL(address, location.href).href;
        script.onload = loaded;
        inside.document.body.append(script);
      });
    }

    async postMessage(data) {
      await this.#ready;
      const inside = this.#frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }

    terminate() {
      this.#frame.remove();
    }
  };
}
