// Whether names, numbers and what messages say are shown. Every part of the page that shows them follows this one switch.

const followers = [];

export const contents = {
  shown: false,

  show(shown) {
    if (this.shown === shown) return;
    this.shown = shown;
    for (const follower of followers) follower();
  },

  /** `follower` runs after each change. */
  follow(follower) {
    followers.push(follower);
  },
};
