// Where things of the site are, wherever the site lies.

/** The address of something at the site. @param {string} path */
export const at_site = (path) => new URL(path, document.baseURI);
