/* The API's documentation, from its own OpenAPI description. */
window.addEventListener("DOMContentLoaded", function () {
  SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true });
});
