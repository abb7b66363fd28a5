# GANSERVE_SANITIZE applies to every target: a sanitizer is a property of the whole build, not of one library.
if(GANSERVE_SANITIZE)
  add_compile_options(-fsanitize=${GANSERVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GANSERVE_SANITIZE})
endif()
