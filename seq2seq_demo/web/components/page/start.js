// The last file of the page's script: hands over what Gradio gives a custom component.
lab.page({ element, props, trigger: (name, data) => trigger(name, data), server, watch });
